"""The memory of tangents: the table, and a measurement in a process of its own."""


def test_the_table_says_what_a_further_tangent_takes(benchmarks):
    table = benchmarks("tangent_memory").render({1: 1000.0, 2: 1100.0, 10: 1900.0})
    assert table.splitlines() == [
        "tangents   peak (MiB)",
        "       1        1,000",
        "       2        1,100",
        "      10        1,900",
        "100 MiB for each further tangent, from 1 to 10",
    ]


def test_one_number_has_no_difference(benchmarks):
    assert len(benchmarks("tangent_memory").render({2: 5.0}).splitlines()) == 2


def test_numbers_are_asked_one_by_one(benchmarks, monkeypatch, capsys):
    module = benchmarks("tangent_memory")
    asked = []
    monkeypatch.setattr(module, "measure", lambda count, size: asked.append((count, size)) or 7.0)
    module.main(["--tangents=3,4", "--batch=20"])
    assert [count for count, _ in asked] == [3, 4]
    assert {(size.batch, size.width, size.latent) for _, size in asked} == {(20, 64, 256)}
    assert "0 MiB for each further tangent, from 3 to 4" in capsys.readouterr().out


def test_a_process_reports_its_peak(benchmarks):
    module = benchmarks("tangent_memory")
    size = module.dataclasses.replace(module.SIZE, batch=2, width=4)
    assert module.measure(1, size) > 100  # TensorFlow alone has more

"""Time and memory of a look: the table, and a measurement in a process of its own."""


def test_the_table_has_a_row_for_each_number_of_images(benchmarks):
    row = {"images": 50_000, "neighbors": 11.51, "spreading": 1.6, "mebibytes": 1143.2}
    assert benchmarks("look_memory").render([row]).splitlines() == [
        "  images   neighbors, s   spreading, s   memory, MiB",
        "  50,000           11.5            1.6         1,143",
    ]


def test_numbers_are_asked_one_by_one(benchmarks, monkeypatch, capsys):
    module = benchmarks("look_memory")
    row = {"neighbors": 1.0, "spreading": 1.0, "mebibytes": 1.0}
    monkeypatch.setattr(module, "measure", lambda count: row | {"images": count})
    module.main(["--images=30,4000"])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == ["30", "4,000"]


def test_a_process_reports_times_and_memory(benchmarks):
    row = benchmarks("look_memory").measure(2000)
    assert row["images"] == 2000 and row["neighbors"] > 0 and row["spreading"] > 0
    assert 0 <= row["mebibytes"] < 200

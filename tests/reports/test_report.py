"""The contents of a report: its runs, and the line that describes them."""

from support import finished_run_folders

from tf_ssgan.common.version import __version__
from tf_ssgan.reports import by_protocol, finished_runs
from tf_ssgan.reports.finished_runs import FinishedRuns
from tf_ssgan.reports.report import Report, describe_runs

FRGAN = [finished_run_folders.make_run(folder=f"f{seed}", seed=seed) for seed in range(3)]
SUPERVISED = finished_run_folders.make_run(folder="s", method="supervised")
SVHN = [finished_run_folders.make_run(folder=name, dataset="svhn") for name in "xy"]


def make_report(*runs, further=(), left_out=()):
    finished = FinishedRuns((*runs, *further), tuple(left_out))
    return Report(tuple(by_protocol.make_tables(runs)), finished, "Title")


def test_a_report_has_each_run_of_its_tables_once():
    report = make_report(*FRGAN, SUPERVISED, further=SVHN)
    twice = Report(report.tables * 2, report.finished, "Title")
    for contents in (report, twice):
        assert sorted(str(run.folder) for run in contents.runs) == ["f0", "f1", "f2", "s"]


def test_damaged_pictures_of_the_first_run_of_a_cell_are_named(tmp_path):
    folders = [
        finished_run_folders.write(tmp_path / str(seed), seed=seed, images=["samples.png"])
        for seed in range(2)
    ]
    runs = finished_runs.read_runs([tmp_path]).runs
    assert make_report(*runs).damage == []
    for folder in folders:
        (folder / "samples.png").write_bytes(b"")
    (sentence,) = make_report(*runs).damage
    assert sentence.startswith(f"{folders[0]}/samples.png cannot be read")


def test_the_description_has_the_number_of_runs_and_their_versions_and_machines():
    text = describe_runs(make_report(*FRGAN, SUPERVISED, left_out=[("a", "is not finished")]))
    versions = f"keras 3.15.1, tf_ssgan {__version__}"
    assert text.startswith(f"4 runs, 1 folder left out; {versions}; 2 CPU cores; ")


def test_different_versions_and_machines_are_all_mentioned():
    other = {"cores": 8, "versions": {"keras": "3.16.0"}}
    text = describe_runs(make_report(SUPERVISED, finished_run_folders.make_run(outcome=other)))
    versions = f"keras 3.15.1, tf_ssgan {__version__}; keras 3.16.0"
    assert f"; {versions}; 2 or 8 CPU cores; made on " in text


def test_runs_in_no_cell_are_counted_separately():
    text = describe_runs(make_report(*FRGAN, further=SVHN, left_out=[("a", "is not finished")]))
    assert text.startswith("3 runs, 1 folder left out; 2 further runs fit no cell or ")


def test_a_report_without_finished_runs_has_a_description():
    text = describe_runs(make_report(left_out=[("a", "is not finished")]))
    assert text.startswith("0 runs, 1 folder left out; made on ")


def test_what_test_images_have_selected_is_said():
    few = [finished_run_folders.make_run(folder=method, method=method, outcome={"validation_images": 6})
           for method in ("frgan", "vat")]  # fmt: skip
    start = " No number of a run was selected on test images; they only order the rows"
    assert describe_runs(make_report(*FRGAN, SUPERVISED)).endswith(f"{start}.")
    assert describe_runs(make_report(*few)).endswith(
        f"{start}, and name the method to export where too few images are held out."
    )

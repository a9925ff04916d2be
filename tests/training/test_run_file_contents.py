"""What the files hold: ranges of their fields, and what a real run writes is accepted."""

import pytest
from support import file_contents, finished_run_folders

from tf_ssgan.training import run_file_contents as contents
from tf_ssgan.training import run_files


def test_whole_contents_are_accepted():
    own = finished_run_folders.flags()
    run_files.check(contents.Result, file_contents.result(own))
    run_files.check(contents.MetricsLine, file_contents.metrics_line(3, source=-0.5, right=None))
    run_files.check(contents.Flags, own | {"version": "0.2.0"})
    manifest = file_contents.manifest_metadata() | {
        "step": 0, "files": {"state.index": "0" * 64}, "sha256": "0" * 64
    }  # fmt: skip
    run_files.check(contents.Manifest, manifest)


@pytest.mark.parametrize(
    "name, value",
    [
        ("test_error", 100.1), ("test_error", -0.1), ("epochs", -1.0), ("noise_rate", 1.5),
        ("temperature", 0.0), ("split_sha256", "A" * 64), ("dataset", ""), ("dataset", "a\0"),
        ("searched", {"tau": float("nan")}), ("hparams", {"width": None}), ("steps", 0),
        ("seconds", 1e300), ("parameters", {"classifier": -1}), ("versions", {"keras": 3}),
        ("code", {"tf_ssgan": None, "commit": "abc", "changed": None}),
    ],
)  # fmt: skip
def test_a_number_out_of_range_is_refused(name, value):
    result = file_contents.result(finished_run_folders.flags()) | {name: value}
    with pytest.raises(ValueError, match=name):
        run_files.check(contents.Result, result)


@pytest.mark.parametrize("value", [True, 3, -2.5, "text", ""])
def test_flags_are_numbers_texts_and_truth_values(value):
    flags = {"version": "0.2.0", "method": "vat", "dataset": "digits", "flag": value}
    run_files.check(contents.Flags, flags)

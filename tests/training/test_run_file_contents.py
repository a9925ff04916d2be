"""What the files hold: ranges of their fields, and what a real run writes is accepted."""

import pytest
from support import file_contents, finished_run_folders

from tf_ssgan.training import result_contents, run_files
from tf_ssgan.training import run_file_contents as contents


def test_whole_contents_are_accepted():
    own = finished_run_folders.flags()
    run_files.check(result_contents.Result, file_contents.result(own))
    run_files.check(contents.MetricsLine, file_contents.metrics_line(3, source=-0.5, right=None))
    run_files.check(contents.Flags, own | {"version": "0.2.0"})
    manifest = file_contents.manifest_metadata() | {
        "step": 0, "files": {name: "0" * 64 for name in ("state.index", "state.data-00000-of-00001")}, "sha256": "0" * 64
    }  # fmt: skip
    run_files.check(contents.Manifest, manifest)


def without(content, *names):
    return {name: value for name, value in content.items() if name not in names}


def test_a_run_without_validation_images_has_no_validation_errors():
    names = "validation_error", "validation_error_raw"
    run_files.check(contents.MetricsLine, without(file_contents.metrics_line(3), *names))
    for line in (
        without(file_contents.metrics_line(3), names[0]),
        file_contents.metrics_line(3, validation_error=None),
        file_contents.metrics_line(3, validation_error=None, validation_error_raw=None),
    ):
        with pytest.raises(ValueError, match="validation"):
            run_files.check(contents.MetricsLine, line)


def test_a_data_set_has_numbers_for_each_channel():
    info = file_contents.manifest_metadata()["dataset_info"]
    run_files.check(contents.SavedDatasetInfo, info)
    with pytest.raises(ValueError, match="expected as many numbers in mean as channels"):
        run_files.check(contents.SavedDatasetInfo, info | {"channels": 3})


def test_names_need_not_be_unicode():
    """Data sets are named by their paths."""
    flags = finished_run_folders.flags(dataset="csv:caf\udce9")
    run_files.check(contents.Flags, flags | {"version": "0.2.0", "data_dir": "caf\udce9"})
    run_files.check(result_contents.Result, file_contents.result(flags))


@pytest.mark.parametrize("value", [True, 3, -2.5, "text", "", float("inf")])
def test_flags_are_numbers_texts_and_truth_values(value):
    flags = {"version": "0.2.0", "method": "vat", "dataset": "digits", "flag": value}
    run_files.check(contents.Flags, flags)


@pytest.mark.parametrize("value", [None, [], {}, "a\0", float("nan"), 10**105])
def test_other_values_are_no_flags(value):
    flags = {"version": "0.2.0", "method": "vat", "dataset": "digits", "flag": value}
    with pytest.raises(ValueError, match="flag: expected "):
        run_files.check(contents.Flags, flags)

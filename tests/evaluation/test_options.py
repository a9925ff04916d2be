"""Mistakes in what is to be evaluated are refused in a sentence, before TensorFlow is imported."""

import dataclasses

import pytest
from support import finished_run_folders

from tf_ssgan.common import errors
from tf_ssgan.data import dataset_info
from tf_ssgan.data.sources import data_source
from tf_ssgan.evaluation import options
from tf_ssgan.evaluation.options import EvaluateOptions


def write_run(folder, dataset="digits", data_dir="", **changed):
    """What looks like a finished run; None leaves a file out."""
    finished_run_folders.write(folder, dataset=dataset, data_dir=data_dir)
    (folder / "checkpoints" / "step-0000000002").mkdir(parents=True, exist_ok=True)
    for name, text in ({"checkpoints/step-0000000002/manifest.json": "{}"} | changed).items():
        (folder / name).unlink(missing_ok=True)
        if text is not None:
            (folder / name).write_text(text)
    return folder


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run")


def refusal(run="", **given):
    """The sentence that refuses the options."""
    with pytest.raises(errors.UserError) as caught:
        options.check(EvaluateOptions(**{"run": str(run)} | {k: str(v) if k == "against" else v
                                                             for k, v in given.items()}))  # fmt: skip
    return str(caught.value)


def test_a_run_is_needed():
    assert refusal() == "--run is missing. It takes the folder of a run; see --help."


def test_something_to_evaluate_is_needed(run):
    assert refusal(run) == (
        "Nothing to evaluate: give at least one of --dataset=NAME, --against=FOLDER and "
        "--generator."
    )


@pytest.mark.parametrize("what", ["dataset", "against", "generator"])
def test_one_of_the_three_is_enough(run, tmp_path, what):
    given = {
        "dataset": {"dataset": "digits"},
        "against": {"against": str(write_run(tmp_path / "other"))},
        "generator": {"generator": True},
    }[what]
    options.check(EvaluateOptions(run=str(run), **given))


def test_a_folder_that_is_no_run_is_refused(run, tmp_path):
    sentence = "is not the folder of a run: it holds no config.json."
    assert refusal(tmp_path, generator=True) == f"{tmp_path} {sentence}"
    assert refusal(run, against=tmp_path) == f"{tmp_path} {sentence}"


@pytest.mark.parametrize("name", ["result.json", "checkpoints/step-0000000002/manifest.json"])
def test_an_unfinished_run_is_refused(run, tmp_path, name):
    begun = write_run(tmp_path / "begun", **{name: None})
    sentence = {
        "result.json": "has no result yet. Finish the run first.",
        "checkpoints/step-0000000002/manifest.json": "holds no checkpoint yet. Continue the run "
        "first.",
    }[name]
    assert refusal(begun, generator=True) == refusal(run, against=begun) == f"{begun} {sentence}"


@pytest.mark.parametrize("text", ["{", "[]", "{}", "7", '{"dataset": 1, "steps": "2"}'])
@pytest.mark.parametrize("name", ["result.json", "config.json"])
def test_damaged_files_are_refused(run, tmp_path, name, text):
    damaged = write_run(tmp_path / "damaged", **{name: text})
    sentence = refusal(damaged, generator=True)
    assert sentence == refusal(run, against=damaged) and "\n" not in sentence
    assert sentence.startswith(f"{damaged / name} is damaged: ")


def test_a_damaged_evaluation_is_refused_before_anything_is_measured(tmp_path):
    run = write_run(tmp_path / "run", **{"evaluation.json": "{"})
    sentence = refusal(run, generator=True)
    assert sentence.startswith(f"{run}/evaluation.json is damaged: ")
    assert sentence.endswith("Remove that file, and evaluate the run again.")


def test_a_run_is_not_compared_with_itself(run):
    assert "is the run itself" in refusal(run, against=f"{run}/")


UNLIKE = (
    "has images (32, 32, 3) of 10 classes (0, ...), the run learned (16, 16, 1) of 10 (0, ...). "
    "Give one with the same image size and the same classes."
)


def test_a_run_on_an_unlike_data_set_is_refused(run, tmp_path):
    other = write_run(tmp_path / "other", dataset="svhn")
    assert refusal(run, against=other) == f"--against={other} {UNLIKE}"


def test_an_unlike_data_set_is_refused_in_the_same_words(run, monkeypatch):
    monkeypatch.setattr(data_source.DataSource, "check", lambda *given: None)
    assert refusal(run, dataset="svhn") == f"--dataset=svhn {UNLIKE}"


def test_other_classes_are_refused():
    known = dataset_info.KNOWN["digits"]
    options.check_alike("--dataset=x", known, known)
    other = dataclasses.replace(known, classes=known.classes[:9])
    with pytest.raises(errors.UserError, match="of 9 classes .* the run learned .* of 10"):
        options.check_alike("--dataset=x", other, known)


def test_missing_data_of_either_run_are_refused(run, tmp_path):
    gone = write_run(tmp_path / "gone", dataset="npz:/nowhere")
    assert "'/nowhere' is not a folder" in refusal(gone, generator=True)
    assert "'/nowhere' is not a folder" in refusal(run, against=gone)


@pytest.fixture
def present(monkeypatch):
    """A function *places: only there, any data set is found."""

    def only_in(*places):
        def check(source, training=True):
            if source.data_dir not in places:
                raise errors.UserError(f"{source.name} is not in {source.data_dir}")

        monkeypatch.setattr(data_source.DataSource, "check", check)

    return only_in


def test_the_runs_own_data_are_read_where_the_run_read_them(present, tmp_path):
    run = write_run(tmp_path / "run", dataset="svhn", data_dir="own")
    given = EvaluateOptions(run=str(run), generator=True, data_dir="given")
    present("own", "given")
    (source,) = options.find_sources(given).runs
    assert (source.name, source.data_dir) == ("svhn", "own")
    present("given")
    assert options.find_sources(given).runs[0].data_dir == "given"
    present()
    with pytest.raises(errors.UserError, match="svhn is not in given"):
        options.find_sources(given)
    with pytest.raises(errors.UserError, match="svhn is not in own"):
        options.find_sources(dataclasses.replace(given, data_dir=""))


def test_the_other_data_set_is_in_the_given_folder_or_beside_the_runs(present, tmp_path):
    run = write_run(tmp_path / "run", dataset="cifar10", data_dir="own")
    given = EvaluateOptions(run=str(run), dataset="cifar10_1/v6", data_dir="given")
    present("own", "given", "")
    assert options.find_sources(given).dataset.data_dir == "given"
    without = dataclasses.replace(given, data_dir="")
    assert options.find_sources(without).dataset.data_dir == "own"
    write_run(run, dataset="cifar10", data_dir="")
    assert options.find_sources(without).dataset.data_dir == ""  # the usual place
    present("")
    with pytest.raises(errors.UserError, match="cifar10_1/v6 is not in given"):
        options.find_sources(given)


def test_a_data_set_is_found_once_a_command_line(run, tmp_path, monkeypatch):
    """The evaluation reads what the check has found."""
    names, find = [], options.datasets.find
    monkeypatch.setattr(
        options.datasets, "find", lambda *given: names.append(given[0]) or find(*given)
    )
    chosen = EvaluateOptions(run=str(run), against=str(write_run(tmp_path / "b")), generator=True)
    assert len(options.check(chosen).runs) == 2 and names == ["digits", "digits"]


def test_inception_needs_the_generator(run):
    assert refusal(run, dataset="digits", inception="w.h5") == (
        "--inception=w.h5 scores a generator: give --generator too."
    )


@pytest.mark.parametrize("given, sentence", [
    ({"images": 50}, "--images=50: expected at least 100"),
    ({"minutes": 11.0}, "--minutes=11.0: expected at least 0.01 and at most 10"),
    ({"minutes": float("nan")}, "--minutes=nan"),
    ({"seed": -1}, "--seed=-1"),
    ({"dataset": "cifr10"}, "There is no dataset 'cifr10'"),
    ({"inception": "nowhere.h5"}, "--inception=nowhere.h5 cannot be read: No such file"),
    ({"inception": __file__}, "expected an HDF5 file"),
])  # fmt: skip
def test_mistakes_are_refused(run, given, sentence):
    assert sentence in refusal(run, generator=True, **given)


def test_weights_must_be_in_a_file_named_h5(run, tmp_path):
    path = tmp_path / "weights.bin"
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    sentence = refusal(run, generator=True, inception=str(path))
    assert "expected an HDF5 file, *.h5" in sentence

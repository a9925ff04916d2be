"""A run with --group_by: it is resumed and evaluated as any other, and groups stay whole."""

import shutil
import signal

import numpy as np
import pytest
from support import image_folders

import tf_ssgan
from export import export_main
from tf_ssgan.common import errors
from tf_ssgan.data import content_hash
from tf_ssgan.evaluation import evaluate_run
from tf_ssgan.evaluation.options import EvaluateOptions
from tf_ssgan.launch import data_hashes
from tf_ssgan.training import build, callbacks, config, loop, precheck

PATTERN = r"^(p\d+)_"
GIVEN = {"labels": 12, "width": 4, "batch_size": 6, "max_steps": 4, "precision": "float32",
         "validation": 5}  # fmt: skip


def settings(workdir, data_dir, **other):
    given = GIVEN | {"data_dir": str(data_dir), "workdir": str(workdir), "group_by": PATTERN}
    return config.configure("supervised", "folder:d", **given | other)


def fill(root):
    """Twelve patients with five labeled images each, and two images without a label."""
    for patient in range(12):
        for image in range(7):
            part = "unlabeled" if image > 4 else f"labeled/{('cat', 'dog')[patient % 2]}"
            path = root / part / f"p{patient:02}_{image}.png"
            image_folders.save_image(path, patient % 2, 100 * patient + image)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The data, and a run that was stopped, continued and finished."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("groups")
        patch.setenv("XDG_CACHE_HOME", str(root / "cache"))
        fill(root / "data/d")
        own = settings(root / "run", root / "data")
        end = callbacks.DivergenceGuard.on_train_batch_end

        def stop(guard, batch, logs=None):
            if batch == 1:
                signal.raise_signal(signal.SIGTERM)
            end(guard, batch, logs)

        with patch.context() as stopping:
            stopping.setattr(callbacks.DivergenceGuard, "on_train_batch_end", stop)
            with pytest.raises(errors.Interrupted):
                loop.run(own)
        loop.run(own)
        yield root


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_no_patient_is_in_two_parts(finished):
    run = build.reopen(finished / "run")
    arrays, own = run.arrays, run.protocol

    def patients(files):
        return {file.rsplit("/", 1)[-1][:3] for file in files}

    parts = [
        patients(content_hash.image_sources(arrays, own.unlabeled_ids)),
        patients(content_hash.image_sources(arrays, own.validation_ids)),
        patients(arrays.test_files),
    ]
    assert all(parts) and sum(map(len, parts)) == len(set.union(*parts)) == 12
    assert len(own.left_out_ids) == 2 * len(parts[1])
    assert set(own.labeled_ids) <= set(own.unlabeled_ids)


def test_the_same_command_answers_and_another_one_is_refused(finished, tmp_path, capsys):
    data, run = finished / "data", finished / "run"
    assert loop.run(settings(run, data))["steps"] == 4
    for other in ("", r"^p\d"):
        with pytest.raises(errors.UserError, match="group_by"):
            loop.run(settings(run, data, group_by=other))
    assert "images changed" not in capsys.readouterr().out
    key = "folder:d", str(data), config.Config().image_spec
    assert data_hashes.DataHashes().sha256(*key) != data_hashes.DataHashes().sha256(*key, PATTERN)


def test_changed_data_are_refused(finished, tmp_path):
    copied = shutil.copytree(finished, tmp_path / "all")
    (copied / "data/d/labeled/cat/p00_1.png").unlink()
    with pytest.raises(errors.UserError, match="the images changed: 1 fewer"):
        loop.run(settings(copied / "run", copied / "data"))


def test_a_patient_of_another_name_is_another_split(finished, tmp_path):
    copied = shutil.copytree(finished, tmp_path / "all")
    for path in (copied / "data/d").rglob("p*.png"):  # six patients, which were twelve
        number = int(path.name[1:3]) // 4 * 2 + int(path.name[1:3]) % 2
        path.rename(path.with_name(f"p{number:02}_{path.name[1:]}"))
    with pytest.raises(errors.UserError, match="other data|split"):
        loop.run(settings(copied / "run", copied / "data"))


def test_a_finished_run_is_evaluated_exported_and_loaded(finished, tmp_path):
    copied = shutil.copytree(finished, tmp_path / "all")
    evaluate_run.evaluate(EvaluateOptions(run=str(copied / "run")))
    assert export_main.export_run(copied / "run", tmp_path / "exported")
    assert tf_ssgan.load(copied / "run").classes == ("cat", "dog")


def test_mistakes_are_answered_before_tensorflow(finished):
    given = {"dataset": "folder:d", "data_dir": str(finished / "data")}
    source = precheck.check_data(given | {"group_by": PATTERN, "labels": 12})
    assert len(np.unique(source.train_groups)) == 12 - 2
    for group_by, words in (("(", "no regular"), ("^x", "found in none"), ("^(p)", "of one group")):
        with pytest.raises(errors.UserError, match=words):
            precheck.check_data(given | {"group_by": group_by})
    with pytest.raises(errors.UserError, match="--group_by is for folder:DIR, csv:FILE and npz"):
        precheck.check_data({"dataset": "digits", "group_by": PATTERN})

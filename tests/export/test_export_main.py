"""A run is exported as the next version, and mistakes are sentences."""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from support.programs import python_path

from export import export_main, publishing, servable, verify, warmup
from flags import program
from tf_ssgan.common import errors
from tf_ssgan.common.version import __version__
from tf_ssgan.metrics import calibration
from tf_ssgan.training import config, loop

ROOT = pathlib.Path(export_main.__file__).parent.parent
WHOLE = {"saved_model.pb", "fingerprint.pb", "variables", "assets"}


@pytest.fixture(scope="module")
def versions(workdir, exported, tmp_path_factory):
    """A folder with two exports of the run, and what a server saw during the second."""
    folder = tmp_path_factory.mktemp("served") / "digits"
    shutil.copytree(exported.folder.parent, folder)
    (folder / ".7.partial").mkdir()  # left by an export that was killed
    snapshots, done = [], threading.Event()

    def watch():
        while not done.is_set():
            if 2 in publishing.list_versions(folder):
                snapshots.append({path.name for path in (folder / "2").iterdir()})
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    second = export_main.export_run(workdir, folder)
    done.set()
    watcher.join()
    return folder, second, snapshots


def test_versions_count_up(versions):
    folder, second, _ = versions
    assert second.folder == folder / "2"
    assert publishing.list_versions(folder) == [1, 2]


def test_a_server_never_sees_a_version_that_is_not_whole(versions):
    _, _, snapshots = versions
    assert all(names >= WHOLE for names in snapshots)


def test_no_other_files_are_left(versions):
    folder, _, _ = versions
    assert {path.name for path in folder.iterdir()} == {"1", "2", ".exporting"}


def test_a_version_that_exists_is_refused(versions, workdir):
    folder, _, _ = versions
    with pytest.raises(
        errors.UserError, match="has a version 2.*Leave --version out for version 3"
    ):
        export_main.export_run(workdir, folder, version=2)


def test_the_summary_says_how_to_serve(versions):
    folder, second, _ = versions
    text = export_main.format_export(second)
    assert f"{folder / '2'}, written and verified in" in text
    assert "-p 127.0.0.1:8501:8501" in text and f"-v {folder}:/models/digits:ro" in text
    assert all(
        name in text for name in ("serving_default", "predict_bytes", "classify", "generate")
    )


def test_the_summary_has_the_temperature(versions):
    _, second, _ = versions
    fitted = calibration.Calibration(1.234, 1290, 0.0512, 0.011, 0.9, 0.7)
    assert (
        "  temperature 1.23, fitted on 1,290 validation images: calibration error 5.1 % before, "
        "1.1 % after\n"
    ) in export_main.format_export(dataclasses.replace(second, calibration=fitted))
    without = dataclasses.replace(second, calibration=calibration.Calibration(), held_out=6)
    assert (
        "  no temperature: 6 held-out images are too few to fit one; 100 are needed\n"
    ) in export_main.format_export(without)


@pytest.fixture(scope="module")
def unusual(make_run, tmp_path_factory):
    """The export of a run with two replicas and no validation images, without warm-up requests."""
    folder = tmp_path_factory.mktemp("unusual")
    make_run(folder / "run", "supervised", devices=2, validation=0, max_steps=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warmup, "is_available", lambda: False)
        return export_main.export_run(folder / "run", folder / "model", version=40)


def test_a_run_without_validation_images_is_exported(unusual):
    assert unusual.calibration.temperature == 1.0 and unusual.verification.difference < 1e-5


def test_a_failed_comparison_publishes_nothing(workdir, tmp_path, monkeypatch):
    write = servable.write_saved_model

    def corrupt(networks, folder):
        networks.classifier.get_layer("logits").bias.assign_add([1.0] + [0.0] * 9)
        write(networks, folder)
        assert publishing.list_versions(tmp_path / "model") == []

    monkeypatch.setattr(servable, "write_saved_model", corrupt)
    with pytest.raises(verify.Mismatch, match="Nothing was published"):
        export_main.export_run(workdir, tmp_path / "model")
    assert [path.name for path in (tmp_path / "model").iterdir()] == [".exporting"]


def test_without_the_serving_extra_warm_up_is_left_out_and_the_summary_says_so(unusual):
    assert unusual.folder.name == "40" and not (unusual.folder / "assets.extra").exists()
    assert "warm-up requests were left out" in export_main.format_export(unusual)


def test_a_run_of_two_replicas_is_exported(unusual):
    info = json.loads((unusual.folder / "assets/model_info.json").read_text())
    assert info["result"]["devices"] == 2
    assert unusual.verification.difference < 1e-5


# --- mistakes -------------------------------------------------------------------------------------


def test_the_program_reports_mistakes_in_a_sentence_without_tensorflow(tmp_path):
    code = (
        "import runpy, sys\n"
        "try: runpy.run_module('export.export_main', run_name='__main__', alter_sys=True)\n"
        "finally: print('tensorflow' in sys.modules)\n"
    )
    words = [f"--run={tmp_path}", f"--to={tmp_path}/model"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": python_path(ROOT)})  # fmt: skip
    assert done.returncode == 2 and done.stdout == "False\n"
    assert done.stderr == f"{tmp_path} is not the folder of a run: it holds no config.json.\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rnu=x"], "rnu"),
        (["--run=x"], "--to is missing"),
        (["--run=x", "--to=y", "z"], "'z' is not a flag"),
        (["--run=x", "--to=y", "--version=two"], "version"),
    ],
)
def test_the_command_line_is_parsed_strictly(capsys, arguments, words):
    with pytest.raises(SystemExit) as stopped, program.exit_on_user_error():
        export_main.parse_args(["export_main", *arguments])
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err


def test_help_shows_the_flags(capsys):
    with pytest.raises(SystemExit) as stopped:
        export_main.parse_args(["export_main", "--help"])
    assert stopped.value.code == 0
    assert "--[no]" not in (text := capsys.readouterr().out)
    assert "--run" in text and "--to" in text and "--version" in text


def test_a_run_without_checkpoint_is_refused(tmp_path):
    own = {"version": __version__, "method": "frgan", "dataset": "digits"}
    (tmp_path / "config.json").write_text(json.dumps(own))
    with pytest.raises(errors.UserError, match="no checkpoint yet"):
        export_main.export_run(tmp_path, tmp_path / "model")


def make_squares(folder):
    """A data set in files, whose name it returns."""
    folder.mkdir()
    for split, count in (("train", 40), ("test", 20)):
        images = np.random.default_rng(count).integers(0, 256, (count, 8, 8, 1), np.uint8)
        np.savez(folder / f"{split}.npz", image=images, label=np.arange(count) % 2)
    return f"npz:{folder}"


def test_a_finished_run_is_exported_without_its_data(tmp_path):
    """The temperature and the error are in its result, the shape of the images in the manifest."""
    given = {"max_steps": 2, "batch_size": 8, "labels": 8, "validation": 10, "width": 4}
    settings = config.configure(
        "supervised", make_squares(tmp_path / "data"), workdir=str(tmp_path / "run"), **given
    )
    result = loop.run(settings)
    shutil.rmtree(tmp_path / "data")
    metrics = tmp_path / "run/metrics.jsonl"
    metrics.write_text("7\n" + metrics.read_text())
    exported = export_main.export_run(tmp_path / "run", tmp_path / "model")
    assert dataclasses.asdict(exported.calibration) == result["calibration"]
    assert exported.test_error == result["test_error"]
    text = export_main.format_export(exported)
    assert (
        f"test_error {result['test_error']:.2f} % of {result['test_images']} images, measured"
        in text
    )
    assert f"Skipped a damaged line of {metrics} (line 1: " in text
    (tmp_path / "run/result.json").unlink()  # as if the run had not finished
    with pytest.raises(errors.UserError, match="is not a folder|There is no"):
        export_main.export_run(tmp_path / "run", tmp_path / "model")


def test_a_file_instead_of_a_folder_is_refused(workdir, tmp_path):
    (tmp_path / "model").write_text("a file")
    with pytest.raises(errors.UserError, match=f"--to={tmp_path}/model cannot be written"):
        export_main.export_run(workdir, tmp_path / "model")


def test_a_folder_that_cannot_be_made_is_refused(workdir):
    with pytest.raises(errors.UserError, match="--to=/proc/model cannot be written"):
        export_main.export_run(workdir, pathlib.Path("/proc/model"))


def test_a_negative_version_is_refused(workdir, tmp_path):
    with pytest.raises(errors.UserError, match="--version=-1 is not a version"):
        export_main.export_run(workdir, tmp_path / "model", version=-1)

"""Versions appear whole or not at all, and mistakes are told in a sentence."""

import dataclasses
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

import pytest

from export import export_main, publishing, servable, verify, warmup
from tf_ssgan.common import errors
from tf_ssgan.metrics import calibration

ROOT = pathlib.Path(export_main.__file__).parent.parent
WHOLE = {"saved_model.pb", "fingerprint.pb", "variables", "assets"}


def program(*arguments):
    command = [sys.executable, "-m", "export.export_main", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def versions(workdir, exported, tmp_path_factory):
    """A folder into which the run was exported twice, and what a server saw of the second time."""
    folder = tmp_path_factory.mktemp("served") / "digits"
    shutil.copytree(exported.folder.parent, folder)
    (folder / ".7.partial").mkdir()  # left by an export that was killed
    seen, done = [], threading.Event()

    def watch():
        while not done.is_set():
            if 2 in publishing.versions(folder):
                seen.append({path.name for path in (folder / "2").iterdir()})
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    second = export_main.export(workdir, folder)
    done.set()
    watcher.join()
    return folder, second, seen


def test_versions_count_up(versions):
    folder, second, _ = versions
    assert second.folder == folder / "2"
    assert publishing.versions(folder) == [1, 2]


def test_a_server_never_sees_a_version_that_is_not_whole(versions):
    _, _, seen = versions
    assert all(names >= WHOLE for names in seen)


def test_nothing_is_left_over(versions):
    folder, _, _ = versions
    assert {path.name for path in folder.iterdir()} == {"1", "2", ".exporting"}


def test_a_version_that_exists_is_refused(versions, workdir):
    folder, _, _ = versions
    with pytest.raises(
        errors.UserError, match="has a version 2.*Leave --version out for version 3"
    ):
        export_main.export(workdir, folder, version=2)


def test_the_summary_says_how_to_serve(versions):
    folder, second, _ = versions
    text = export_main.format_exported(second)
    assert f"{folder / '2'}, written and verified in" in text
    assert "-p 127.0.0.1:8501:8501" in text and f"-v {folder}:/models/digits:ro" in text
    assert all(
        name in text for name in ("serving_default", "predict_bytes", "classify", "generate")
    )


def test_the_summary_tells_the_temperature(versions):
    _, second, _ = versions
    made = calibration.Calibration(1.234, 1290, 0.0512, 0.011, 0.9, 0.7)
    assert (
        "  temperature 1.23, fitted on 1,290 validation images: calibration error 5.1 % before, "
        "1.1 % after\n"
    ) in export_main.format_exported(dataclasses.replace(second, calibrated=made))
    without = dataclasses.replace(second, calibrated=calibration.Calibration())
    assert "no validation images, so probabilities are as" in export_main.format_exported(without)


@pytest.fixture(scope="module")
def unusual(make_run, tmp_path_factory):
    """The export of a run that had two replicas and no validation images, warm-up left out."""
    folder = tmp_path_factory.mktemp("unusual")
    make_run(folder / "run", "supervised", devices=2, validation=0, max_steps=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warmup, "available", lambda: False)
        return export_main.export(folder / "run", folder / "model", version=40)


def test_a_run_without_validation_images_is_exported(unusual):
    assert unusual.calibrated.temperature == 1.0 and unusual.findings.difference < 1e-5


def test_a_failed_comparison_publishes_nothing(workdir, tmp_path, monkeypatch):
    write = servable.write

    def corrupted(made, folder):
        made.classifier.get_layer("logits").bias.assign_add([1.0] + [0.0] * 9)
        write(made, folder)
        assert publishing.versions(tmp_path / "model") == []

    monkeypatch.setattr(servable, "write", corrupted)
    with pytest.raises(verify.Mismatch, match="Nothing was published"):
        export_main.export(workdir, tmp_path / "model")
    assert [path.name for path in (tmp_path / "model").iterdir()] == [".exporting"]


def test_without_the_serving_extra_warm_up_is_left_out_and_told(unusual):
    assert unusual.folder.name == "40" and not (unusual.folder / "assets.extra").exists()
    assert "warm-up requests were left out" in export_main.format_exported(unusual)


def test_a_run_of_two_replicas_is_exported(unusual):
    assert (
        json.loads((unusual.folder / "assets/model_info.json").read_text())["result"]["devices"]
        == 2
    )
    assert unusual.findings.difference < 1e-5


# --- mistakes -------------------------------------------------------------------------------------


def test_the_program_answers_mistakes_in_a_sentence_without_tensorflow(tmp_path):
    code = (
        "import runpy, sys\n"
        "try: runpy.run_module('export.export_main', run_name='__main__', alter_sys=True)\n"
        "finally: print('tensorflow' in sys.modules)\n"
    )
    words = [f"--run={tmp_path}", f"--to={tmp_path}/model"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.returncode == 2 and done.stdout == "False\n"
    assert done.stderr == f"--run={tmp_path} is not the folder of a run: it holds no config.json.\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rnu=x"], "rnu"),
        (["--run=x"], "--to is missing"),
        (["--run=x", "--to=y", "z"], "'z' is no flag"),
        (["--run=x", "--to=y", "--version=two"], "version"),
    ],
)
def test_the_command_line_is_parsed_strictly(capsys, arguments, words):
    with pytest.raises(SystemExit) as stopped:
        export_main.parse(["export_main", *arguments])
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err


def test_help_shows_the_flags(capsys):
    with pytest.raises(SystemExit) as stopped:
        export_main.parse(["export_main", "--help"])
    assert stopped.value.code == 0
    assert "--[no]" not in (text := capsys.readouterr().out)
    assert "--run" in text and "--to" in text and "--version" in text


def test_a_run_without_checkpoint_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(errors.UserError, match="no checkpoint yet"):
        export_main.export(tmp_path, tmp_path / "model")


def test_a_file_in_the_place_of_the_folder_is_refused(workdir, tmp_path):
    (tmp_path / "model").write_text("a file")
    with pytest.raises(errors.UserError, match=f"--to={tmp_path}/model cannot be written"):
        export_main.export(workdir, tmp_path / "model")


def test_a_folder_that_cannot_be_made_is_refused(workdir):
    with pytest.raises(errors.UserError, match="--to=/proc/model cannot be written"):
        export_main.export(workdir, pathlib.Path("/proc/model"))


def test_a_negative_version_is_refused(workdir, tmp_path):
    with pytest.raises(errors.UserError, match="--version=-1 is no version"):
        export_main.export(workdir, tmp_path / "model", version=-1)


def test_a_second_export_to_the_same_folder_is_refused(tmp_path):
    with (tmp_path / ".exporting").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(errors.UserError, match="Another process is exporting"):
            publishing.check(tmp_path)


def test_a_full_disk_publishes_nothing(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publishing, "flush", full)
    with pytest.raises(errors.UserError, match="No space left"):
        with publishing.version(tmp_path / "model") as made:
            (made.partial / "file").write_text("content")
    assert publishing.versions(tmp_path / "model") == []


def test_only_folders_named_by_integers_are_versions(tmp_path):
    for name in ("1", "0012", "x3", ".4.partial", "5.5", "-6"):
        (tmp_path / name).mkdir()
    (tmp_path / "99").write_text("a file")
    assert publishing.versions(tmp_path) == [1, 12]
    with publishing.version(tmp_path) as made:
        assert made.partial.parent == tmp_path and made.partial.name.startswith(".")
    assert made.final == tmp_path / "13" and made.final.is_dir() and not made.partial.exists()

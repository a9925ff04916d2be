"""The files of a finished run, and what the same or another command does with them."""

import csv
import json

import pytest
import tensorflow as tf
from support import file_contents
from tensorboard.backend.event_processing import event_accumulator

import flags
from tf_ssgan.common import errors
from tf_ssgan.common.version import __version__
from tf_ssgan.data import fingerprint
from tf_ssgan.methods import frgan
from tf_ssgan.training import build, config, loop, manifests, same_data

pytestmark = pytest.mark.xdist_group("finished run")


def read(path):
    return json.loads(path.read_text())


def files(workdir):
    return {p: p.stat().st_mtime_ns for p in workdir.rglob("*") if p.is_file() and p.name != "lock"}


def test_the_same_command_reports_the_result_and_repeats_nothing(
    copied, settings, monkeypatch, capsys
):
    monkeypatch.setattr(build, "build", None)
    before = files(copied)
    assert loop.run(settings(copied)) == read(copied / "result.json")
    assert "is finished; this is its result" in capsys.readouterr().out
    assert files(copied) == before


def test_fewer_steps_are_refused(copied, settings, monkeypatch):
    monkeypatch.setattr(build, "build", None)
    with pytest.raises(errors.UserError) as refused:
        loop.run(settings(copied, max_steps=379))
    assert "max_steps is 380 there and 379 here" in str(refused.value)
    assert "epochs" not in str(refused.value), "names a flag that does not differ"


def test_fewer_steps_by_another_flag_are_refused(copied, settings):
    """One epoch is 73 steps."""
    before = files(copied)
    with pytest.raises(errors.UserError, match="steps is 380 there and 73 here"):
        loop.run(settings(copied, max_steps=0, epochs=1))
    assert files(copied) == before


def test_more_steps_continue_from_the_last(squares, short_intervals, tmp_path, curves, capsys):
    def settings(steps):
        return config.configure("supervised", squares.dataset, labels=6, width=4, batch_size=12,
                                max_steps=steps, precision="float32",
                                workdir=str(tmp_path / "run"))  # fmt: skip

    assert loop.run(settings(6))["steps"] == 6
    before = curves(tmp_path / "run")
    capsys.readouterr()
    longer = loop.run(settings(9))
    assert "Continuing from step 6 of 9." in capsys.readouterr().out
    assert longer["steps"] == 9 and read(tmp_path / "run" / "result.json") == longer
    assert curves(tmp_path / "run")[:-1] == before
    assert [line["step"] for line in curves(tmp_path / "run")] == [3, 6, 9]
    assert loop.run(settings(9)) == longer


def test_a_longer_run_that_was_stopped_is_not_finished(toy, tmp_path, monkeypatch):
    """The folder holds the result of the shorter run beside the flags of the longer one."""
    settings = toy.settings(tmp_path / "run")
    assert loop.run(settings)["steps"] == 9
    longer = toy.settings(tmp_path / "run", max_steps=12)
    (tmp_path / "run" / "config.json").write_text(
        json.dumps({"version": __version__} | longer.as_flags())
    )
    monkeypatch.setattr(loop, "train", lambda run, check_folder: "trained")
    assert loop.run(longer) == "trained"


def test_a_result_by_epochs_is_recognized(toy, tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    settings = toy.settings(tmp_path / "run", max_steps=0, epochs=3)
    (tmp_path / "run" / "config.json").write_text(
        json.dumps({"version": __version__} | settings.as_flags())
    )
    data = fingerprint.record(same_data.load_arrays(settings))
    result = file_contents.result(settings.as_flags(), steps=9, epochs=3.0, data_sha256=data.sha256)
    (tmp_path / "run" / "result.json").write_text(json.dumps(result))
    monkeypatch.setattr(build, "build", None)
    assert loop.run(settings)["steps"] == 9


def test_a_flagfile_repeats_the_configuration(finished, settings, monkeypatch):
    config = flags.parse(["train_main.py", f"--flagfile={finished / 'run.flags'}"])
    assert config == settings(finished)
    monkeypatch.setattr(build, "build", None)
    assert loop.run(config)["steps"] == 380  # the same run, hence finished


def test_a_flagfile_begins_the_same_run_elsewhere(finished, settings, tmp_path):
    words = [f"--flagfile={finished / 'run.flags'}", f"--workdir={tmp_path / 'again'}"]
    assert flags.parse(["train_main.py", *words]) == settings(tmp_path / "again")


def test_the_result_holds_every_number(finished, curves):
    result, last = read(finished / "result.json"), curves(finished)[-1]
    expected = dict(method="frgan", dataset="digits", labels=50, seed=0, split_seed=0, steps=380,
                    precision="float32", devices=1)  # fmt: skip
    assert {name: result[name] for name in expected} == expected
    assert result["split_sha256"] == read(finished / "protocol.json")["sha256"]
    assert result["epochs"] == pytest.approx(380 / 73, abs=1e-3)
    for name in ("test_error", "test_error_raw", "validation_error"):
        assert result[name] == last[name] and 0 <= result[name] <= 100
    best = min(curves(finished), key=lambda line: line["validation_error"])
    assert result["test_error_at_best_validation"] == best["test_error"]
    ordered = sorted(line["test_error"] for line in curves(finished))
    assert result["test_error_median20"] == (ordered[2] + ordered[3]) / 2
    assert result["top1_accuracy"] == pytest.approx(100 - result["test_error"])
    assert result["temperature"] != 1.0 and 0 < result["average_precision_macro"] <= 1
    assert result["seconds"] > 0 and result["images_per_second"] > 0
    assert 0 < result["waiting_percent"] < 100
    assert result["parameters"].keys() == {"discriminator", "generator"}
    assert result["hparams"]["latent_size"] == 8 and result["hparams"]["width"] == 4
    assert {"tensorflow", "keras", "tf_ssgan"} <= result["versions"].keys()
    assert result["code"]["tf_ssgan"] == result["versions"]["tf_ssgan"]
    assert result["code"] == manifests.find(finished / "checkpoints").manifest["code"]


def test_curves_and_table_agree(finished, curves):
    lines = [json.loads(line) for line in (finished / "metrics.jsonl").read_text().splitlines()]
    with (finished / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{k: float(v) for k, v in row.items()} for row in rows] == lines
    assert [line["step"] for line in curves(finished)] == [73, 146, 219, 292, 365, 380]
    assert lines[0].keys() >= {*frgan.Method.reports, "test_error", "test_error_raw",
                               "validation_error", "validation_error_raw", "epoch"}  # fmt: skip


def test_tensorboard_holds_scalars_figures_and_hyperparameters(finished, curves):
    events = event_accumulator.EventAccumulator(
        str(finished / "tensorboard"), size_guidance={event_accumulator.TENSORS: 0}
    ).Reload()
    tags = events.Tags()["tensors"]
    assert {f"train/{name}" for name in frgan.Method.reports} <= set(tags)
    steps = [event.step for event in events.Tensors("train/generator")]
    assert steps == list(range(10, 381, 10))
    errors_shown = {e.step: float(tf.make_ndarray(e.tensor_proto))
                    for e in events.Tensors("evaluation/test_error")}  # fmt: skip
    expected = {line["step"]: line["test_error"] for line in curves(finished)}
    assert errors_shown == pytest.approx(expected, rel=1e-6)
    assert [event.step for event in events.Tensors("samples")] == list(expected)
    for name in ("confusion", "reliability", "top3"):
        assert [event.step for event in events.Tensors(name)] == [380]
    session = events.PluginTagToContent("hparams")["_hparams_/session_start_info"]
    assert all(name in session for name in (b"method", b"labels", b"latent_size", b"learning_rate"))


def test_figures_are_images(finished):
    for name, least in (("samples.png", 100), ("confusion.png", 300), ("reliability.png", 300),
                        ("top3.png", 300)):  # fmt: skip
        picture = tf.io.decode_png((finished / name).read_bytes())
        assert min(picture.shape[:2]) >= least
        assert int(tf.reduce_max(picture)) > int(tf.reduce_min(picture))


def test_the_protocol_is_in_the_folder_and_in_each_checkpoint(finished):
    protocol = read(finished / "protocol.json")
    assert protocol["sizes"] == {"labeled": 50, "unlabeled": 1168, "validation": 129, "clean": 0,
                                 "noisy": 0, "wrong": 0}  # fmt: skip
    for folder in (finished / "checkpoints").iterdir():
        manifest = manifests.verified(folder)
        places = {name: protocol[name] for name in ("labeled_sources", "validation_sources")}
        assert manifest["protocol"] | places == protocol
        assert [len(sources) for sources in places.values()] == [50, 129]
        assert manifest["split_sha256"] == protocol["sha256"]


def test_nothing_half_written_is_left(finished):
    assert not [path for path in finished.rglob("*") if ".partial" in path.name]
    assert sorted(p.name for p in (finished / "checkpoints").iterdir()) == [
        "step-0000000365", "step-0000000380",
    ]  # fmt: skip

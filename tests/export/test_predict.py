"""Files are classified as by the SavedModel; each has a row, in order, whatever it is."""

import io
import itertools
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support import exported_models, predict_output
from support.programs import python_path

from export import digests, input_files, predict, predictions
from flags import program
from tf_ssgan.common import errors
from tf_ssgan.data import image_decoding

ROOT = pathlib.Path(predict.__file__).parent.parent


# --- answers --------------------------------------------------------------------------------------


def test_labels_and_probabilities_are_those_of_the_signature(run_predict, image_files, expected):
    status, out, _ = run_predict("--format=jsonl", "--batch=3", *image_files)
    rows, probabilities = predict_output.json_rows(out), expected["probabilities"]
    assert status == 0 and [row["path"] for row in rows] == list(map(str, image_files))
    assert [row["label"] for row in rows] == [str(k) for k in probabilities.argmax(-1)]
    assert [row["probability"] for row in rows] == pytest.approx(probabilities.max(-1), abs=2e-6)
    assert all(row["reason"] is None and row["abstained"] is False for row in rows)


def test_a_png_of_the_training_size_is_classified_as_by_predict_bytes(
    run_predict, image_files, signatures
):
    content = tf.constant([image_files[0].read_bytes()])
    outputs = signatures["predict_bytes"](image_bytes=content)
    (row,) = predict_output.json_rows(run_predict("--format=jsonl", "--top=10", image_files[0])[1])
    given = {one["label"]: one["probability"] for one in row["top"]}
    for k, probability in enumerate(outputs["probabilities"].numpy()[0]):
        assert given[str(k)] == pytest.approx(probability, abs=2e-6)
    assert row["label"] == outputs["name"].numpy()[0].decode()


def test_other_files_become_images_as_the_model_info_says(
    run_predict, exported, signatures, encode, tmp_path
):
    shutil.copytree(exported.folder, tmp_path / "model")
    photo = np.random.default_rng(1).integers(0, 256, (30, 50, 3), np.uint8)
    (tmp_path / "photo.jpg").write_bytes(encode(photo, "JPEG"))
    for fit in (None, *image_decoding.FITS):
        exported_models.change_info(tmp_path / "model", fit=fit)
        out = run_predict("--format=jsonl", tmp_path / "photo.jpg", model=tmp_path / "model")[1]
        image = image_decoding.decode(str(tmp_path / "photo.jpg"), 16, 1, fit or "resize")
        outputs = signatures["serving_default"](image=tf.constant(image[None]))
        probability = outputs["probabilities"].numpy().max()
        assert predict_output.json_rows(out)[0]["probability"] == pytest.approx(
            probability, abs=2e-6
        )


def test_the_folder_above_means_its_highest_version(exported, tmp_path):
    for name in ("9", "10", ".11.partial"):
        (tmp_path / name / "assets").mkdir(parents=True)
        (tmp_path / name / "saved_model.pb").touch()
        shutil.copy(exported.folder / "assets" / "model_info.json", tmp_path / name / "assets")
    assert predict.read_model_info(str(tmp_path)).folder == tmp_path / "10"
    assert predict.read_model_info(str(tmp_path / "9")).folder == tmp_path / "9"


def test_every_path_has_a_row_in_order(run_predict, image_files, bad_files, tmp_path):
    missing = str(tmp_path / "missing.png")
    paths = [image_files[0], missing, tmp_path / "bad", image_files[1]]
    status, out, err = run_predict("--batch=2", *paths)
    rows = predict_output.csv_rows(out)
    names = [str(image_files[0]), missing, *sorted(bad_files), str(image_files[1])]
    assert status == 1 and [row["path"] for row in rows] == names
    reasons = {row["path"]: row["reason"] for row in rows if row["reason"]}
    assert reasons == bad_files | {missing: "cannot be read: No such file or directory"}
    assert all(bool(row["label"]) != bool(row["reason"]) for row in rows)
    assert "10 images in" in err and "8 could not be read, 0 abstained; start-up" in err


def test_the_most_likely_classes_come_first_and_no_more_than_exist(
    run_predict, image_files, expected
):
    (row,) = predict_output.csv_rows(run_predict("--top=3", image_files[0])[1])
    assert list(row) == ["path", "label", "probability", "label_2", "probability_2",
                         "label_3", "probability_3", "reason"]  # fmt: skip
    probabilities = expected["probabilities"][0]
    best = np.argsort(-probabilities)[:3]
    assert [row[k] for k in ("label", "label_2", "label_3")] == [str(k) for k in best]
    values = [float(row[k]) for k in ("probability", "probability_2", "probability_3")]
    assert values == pytest.approx(probabilities[best], abs=2e-6)
    (row,) = predict_output.json_rows(run_predict("--top=99", "--format=jsonl", image_files[0])[1])
    assert sorted(one["label"] for one in row["top"]) == [str(k) for k in range(10)]


def test_below_the_threshold_it_abstains(run_predict, image_files, expected, tmp_path):
    best = expected["probabilities"].max(-1)
    below = float(np.sort(best)[2:4].mean())
    status, out, err = run_predict("--format=jsonl", f"--abstain_below={below}", *image_files)
    rows = predict_output.json_rows(out)
    assert status == 0 and "0 could not be read, 3 abstained" in err
    assert [row["abstained"] for row in rows] == (best < below).tolist()
    for row, probability in zip(rows, best, strict=True):
        assert (row["label"] is None) == row["abstained"] == bool(row["reason"])
        assert row["probability"] == pytest.approx(probability, abs=2e-6) and len(row["top"]) == 1
    assert f"probability {best.min():.4f} of " in rows[best.argmin()]["reason"]
    rows = predict_output.csv_rows(
        run_predict(f"--abstain_below={below}", "--top=2", *image_files)[1]
    )
    assert [row["label"] == "" for row in rows] == (best < below).tolist()
    assert all(row["probability"] and row["label_2"] for row in rows)
    page = predict_output.Page(
        run_predict(f"--abstain_below={below}", "--format=html", *image_files)[1]
    )
    assert page.texts["label none"] == ["abstains"] * 3 and len(page.texts["label"]) == 4


# --- files ----------------------------------------------------------------------------------------


def test_pipes_and_sockets_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    row, image = predict.read_image(predictions.Prediction(str(tmp_path / "pipe.png")), None)
    assert image is None and row.reason == "cannot be read: it is a pipe, not a file"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        assert (
            "not a file"
            in predict.read_image(predictions.Prediction(str(tmp_path / "s")), None)[0].reason
        )


def test_links_in_circles_cannot_be_read(tmp_path):
    (tmp_path / "self").symlink_to("self")
    row, image = predict.read_image(predictions.Prediction(str(tmp_path / "self")), None)
    assert image is None
    assert row.reason == "cannot be read: Too many levels of symbolic links"


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_paths_come_from_standard_input(run_predict, image_files, monkeypatch, end):
    lines = f"\n{image_files[0]}\n  \n\n{image_files[1]}{end}".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    status, out, _ = run_predict("-", image_files[2])
    assert status == 0
    assert [row["path"] for row in predict_output.csv_rows(out)] == [
        str(path) for path in image_files[:3]
    ]


def test_names_with_null_characters_have_a_reason(monkeypatch):
    lines = io.TextIOWrapper(io.BytesIO(b"a*.png\0b.png\0"))
    monkeypatch.setattr(sys, "stdin", lines)
    (row,) = input_files.list_files(["-"])
    assert predict.read_image(row, None)[0].reason == "cannot be read: no file can have this name"


def test_the_ending_chooses_the_format_without_a_flag(run_predict, image_files, tmp_path):
    for name in ("x.jsonl", "x.html", "x.csv", "x.out"):
        assert run_predict(f"--to={tmp_path / name}", image_files[0])[:2] == (0, "")
    starts = {path.name: path.read_text()[:5] for path in tmp_path.glob("x.*")}
    assert starts == {"x.jsonl": '{"pat', "x.html": "<!DOC", "x.csv": "path,", "x.out": "path,"}
    run_predict("--format=jsonl", f"--to={tmp_path / 'x.csv'}", image_files[0])
    assert (tmp_path / "x.csv").read_text().startswith("{")


# --- memory ---------------------------------------------------------------------------------------


def test_threads_are_never_further_ahead_than_the_limit():
    started, lock = itertools.count(), threading.Lock()
    ahead = [0]

    def work(item):
        with lock:
            ahead[0] = next(started) + 1
        return item

    results = predict.map_ahead(work, itertools.count(), 10)  # of items without end
    for taken, result in zip(range(500), results, strict=False):
        assert result == taken and ahead[0] <= taken + 10
    results.close()
    assert list(predict.map_ahead(work, range(25), 10)) == list(range(25))


def test_only_so_many_images_are_in_memory_however_many_files(exported, monkeypatch):
    info = predict.read_model_info(str(exported.folder))
    decoded = itertools.count()
    count = [0]

    def image(*_):
        count[0] = next(decoded) + 1
        return np.zeros((16, 16, 1), np.uint8)

    monkeypatch.setattr(image_decoding, "decode", image)
    listing = (predictions.Prediction(__file__) for _ in itertools.count())
    images = predict.map_ahead(lambda row: predict.read_image(row, info), listing, 3 * 8)
    rows = predict.classify_images(
        images, lambda batch: np.full((len(batch), 10), 0.1), info, 1, 0.0, 8
    )
    for done, _ in zip(range(400), rows, strict=False):
        assert count[0] - done <= 4 * 8
    rows.close()


# --- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x.png"], "--model is missing"),
        (["--model=m"], "no paths"),
        (["--modl=m", "x.png"], "modl"),
        (["x.png", "--model=m", "--tpo=2"], "tpo"),
        (["--model=m", "--top=0", "x.png"], "top"),
        (["--model=m", "--abstain_below=1.5", "x.png"], "abstain_below"),
        (["--model=m", "--format=xml", "x.png"], "Known: csv, jsonl, html."),
    ],
)
def test_the_command_line_is_parsed_strictly(capsys, arguments, words):
    with pytest.raises(SystemExit) as stopped, program.exit_on_user_error():
        predict.parse_args(["predict", *arguments])
    assert stopped.value.code == 2 and words in capsys.readouterr().err


def test_only_models_of_this_project_are_loaded(exported, tmp_path):
    with pytest.raises(errors.UserError, match="missing cannot be read .*No such file"):
        predict.read_model_info(str(tmp_path / "missing"))
    (tmp_path / "file").touch()
    with pytest.raises(errors.UserError, match="cannot be read .*Not a directory"):
        predict.read_model_info(str(tmp_path / "file"))
    with pytest.raises(errors.UserError, match="holds no exported classifier"):
        predict.read_model_info(str(tmp_path))
    shutil.copytree(exported.folder, tmp_path / "1")
    info_file = tmp_path / "1" / "assets" / "model_info.json"
    for content in ("", "[]", '{"classes": ["a"]}', '{"classes": 3, "image_shape": [8, 8, 1]}'):
        info_file.write_text(content)
        with pytest.raises(errors.UserError, match="models from elsewhere are not loaded"):
            predict.read_model_info(str(tmp_path))
    info_file.unlink()
    with pytest.raises(errors.UserError, match="no assets/model_info.json"):
        predict.read_model_info(str(tmp_path / "1"))
    shutil.copy(exported.folder / "assets" / "model_info.json", info_file)
    (tmp_path / "1" / "saved_model.pb").unlink()
    with pytest.raises(errors.UserError, match="holds no exported classifier"):
        predict.read_model_info(str(tmp_path / "1"))


def test_16_bits_are_scaled_as_the_model_info_says(exported, tmp_path):
    shutil.copytree(exported.folder, tmp_path / "1")
    info_file = tmp_path / "1" / "assets" / "model_info.json"
    info_file.write_text(json.dumps(json.loads(info_file.read_text()) | {"bits": 12}))
    wide = np.arange(256, dtype=np.uint16).reshape(16, 16) * 16
    Image.fromarray(wide).save(tmp_path / "a.tif")
    info = predict.read_model_info(str(tmp_path))
    row, image = predict.read_image(predictions.Prediction(str(tmp_path / "a.tif")), info, True)
    assert (image[..., 0] == wide >> 4).all()
    small = np.asarray(Image.open(io.BytesIO(row.thumbnail)).convert("L"))
    assert small.max() > 200
    assert not row.clipped
    Image.fromarray(wide + np.uint16(20)).save(tmp_path / "b.png")  # 4,100 at most
    row, image = predict.read_image(predictions.Prediction(str(tmp_path / "b.png")), info)
    assert row.clipped and image.max() == 255


@pytest.mark.parametrize("change", [{"image_shape": [16, 8, 1]}, {"fit": "stretch"}])
def test_models_of_other_image_shapes_are_refused(exported, tmp_path, change):
    shutil.copytree(exported.folder, tmp_path / "1")
    info_file = tmp_path / "1" / "assets" / "model_info.json"
    info_file.write_text(json.dumps(json.loads(info_file.read_text()) | change))
    with pytest.raises(errors.UserError, match="Files become squares"):
        predict.read_model_info(str(tmp_path))


def test_a_damaged_model_and_the_info_of_another_are_refused(
    run_predict, exported, image_files, tmp_path
):
    model = tmp_path / "model"
    shutil.copytree(exported.folder, model)
    exported_models.change_info(model, classes=["a", "b"])
    status, out, err = run_predict(image_files[0], model=model)
    assert (status, out) == (2, "") and "and 2 classes, the network has" in err
    (model / "saved_model.pb").write_bytes(b"no model")
    digests.write(model)  # as if another program had written it
    status, out, err = run_predict(image_files[0], model=model)
    assert (status, out) == (2, "") and "cannot be loaded (" in err and "Traceback" not in err


def test_a_damaged_model_is_refused_before_tensorflow_reads_it(
    run_predict, exported, image_files, tmp_path, monkeypatch
):
    monkeypatch.setattr(tf.saved_model, "load", None)  # not called
    shutil.copytree(exported.folder, tmp_path / "model")
    with (tmp_path / "model" / "saved_model.pb").open("r+b") as file:
        file.truncate(1000)
    status, out, err = run_predict(image_files[0], model=tmp_path / "model")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "saved_model.pb is damaged: it is not the file that was exported. Export it again" in err


@pytest.mark.parametrize("names", [["2", "010"], ["3", "03", "010"], ["9" * 20, "7", "010"]])
def test_the_highest_version_is_found_whatever_its_zeros(exported, tmp_path, names):
    for name in names:
        (tmp_path / name / "assets").mkdir(parents=True)
        (tmp_path / name / "saved_model.pb").touch()
        shutil.copy(exported.folder / "assets" / "model_info.json", tmp_path / name / "assets")
    assert predict.read_model_info(str(tmp_path)).folder == tmp_path / "010"


@pytest.mark.parametrize("kind", ["link to nothing", "pipe", "file", "files as versions"])
def test_what_is_no_folder_of_a_model_is_refused(tmp_path, kind):
    model = tmp_path / "model"
    if kind == "link to nothing":
        model.symlink_to("nothing")
    elif kind == "pipe":
        os.mkfifo(model)
    elif kind == "file":
        model.touch()
    else:
        for name in ("1", "-1", "x"):
            (model / name).parent.mkdir(exist_ok=True)
            (model / name).touch()
    with pytest.raises(errors.UserError, match="Give a folder that export.export_main wrote"):
        predict.read_model_info(str(model))


def test_paths_without_any_file_are_refused(run_predict, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    status, out, err = run_predict(tmp_path / "empty", "-", f"--to={tmp_path / 'x.csv'}")
    assert (status, out) == (2, "") and "There is no file in" in err
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


# --- the program ----------------------------------------------------------------------------------


def run_program(*arguments, started=("-m", "export.predict"), **options):
    command = [sys.executable, *started, *arguments]
    # Unset, because the program itself keeps TensorFlow quiet.
    env = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    options = {"stdout": subprocess.PIPE} | options
    return subprocess.run(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, timeout=60, **options)


@pytest.fixture(scope="module")
def ended(exported, tmp_path_factory, digits, encode):
    """How the program ended for a digit and a missing file, and what it had imported."""
    folder = tmp_path_factory.mktemp("ended")
    (folder / "digit.png").write_bytes(encode(digits[0]))
    code = (
        "import runpy, sys\n"
        "modules = sys.argv.pop(1)\n"
        "try: runpy.run_module('export.predict', run_name='__main__', alter_sys=True)\n"
        "finally: open(modules, 'w').write(' '.join(sys.modules))\n"
    )
    done = run_program(
        folder / "modules", b"--model=" + bytes(exported.folder), b"--top=2", b"-",
        started=["-c", code], input=b"/no/\xff.png\n" + bytes(folder / "digit.png"),
    )  # fmt: skip
    return done, str(folder / "digit.png"), set((folder / "modules").read_text().split())


def test_the_program_prints_only_rows_and_a_summary(ended):
    done, path, _ = ended
    assert done.returncode == 1
    rows = predict_output.csv_rows(done.stdout.decode())
    assert [row["path"] for row in rows] == ["/no/\\udcff.png", path]
    assert done.stderr.startswith(b"2 images in ") and done.stderr.count(b"\n") == 1


def test_no_network_of_this_project_is_imported(ended):
    _, _, imported = ended
    assert {"tensorflow", "tf_ssgan.data.image_decoding"} <= imported
    assert not imported & {"tf_ssgan.nn.layers", "tf_ssgan.networks", "tf_ssgan.core.method",
                           "tf_ssgan.training.build", "tf_ssgan.training.loop", "export.servable"}  # fmt: skip


def test_a_reader_that_stops_reading_ends_the_program_quietly(exported, image_files):
    read, write = os.pipe()
    os.close(read)
    done = run_program(f"--model={exported.folder}", image_files[0], stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_full_standard_output_is_a_sentence(exported, image_files):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    with open("/dev/full", "wb") as full:
        done = run_program(f"--model={exported.folder}", image_files[0], stdout=full)
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1
    assert done.stderr.startswith(b"Standard output cannot be written (No space left on device)")


def test_mistakes_are_reported_without_tensorflow(exported, tmp_path):
    code = (
        "import runpy, sys\n"
        "try: runpy.run_module('export.predict', run_name='__main__', alter_sys=True)\n"
        "finally: print('tensorflow' in sys.modules)\n"
    )
    for words in (
        [f"--model={tmp_path}", "x.png"],
        [f"--model={exported.folder}", f"--to={tmp_path}/none/x.csv", "x.png"],
        [f"--model={exported.folder}", tmp_path],
    ):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True,
                              env=os.environ | {"PYTHONPATH": python_path(ROOT)})  # fmt: skip
        assert done.returncode == 2 and done.stdout == "False\n"
        assert done.stderr.count("\n") == 1

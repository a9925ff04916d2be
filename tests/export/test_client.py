"""The client's answers are the SavedModel's, over REST and gRPC; mistakes are sentences."""

import os
import pathlib
import socket
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from export import client, graph_image_decoding, server_clients
from tf_ssgan.common import errors
from tf_ssgan.data import image_decoding

ROOT = pathlib.Path(client.__file__).parent.parent


def program(*arguments):
    command = [sys.executable, "-m", "export.client", *map(str, arguments)]
    # Unset, for the program itself keeps TensorFlow quiet.
    env = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)


@pytest.fixture
def right(signatures, digits):
    """The SavedModel's own answers for the seven digits."""
    answer = signatures["serving_default"](image=tf.constant(digits))
    return {name: value.numpy() for name, value in answer.items()}


@pytest.fixture(params=["rest", "grpc"])
def service(request):
    """A client of each kind, of a server that runs."""
    if request.param == "rest":
        return server_clients.Rest(request.getfixturevalue("rest_url"), "digits")
    return server_clients.Grpc(request.getfixturevalue("grpc_target"), "digits")


def closed_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_answers_are_the_saved_models(service, picture_files, right):
    found = list(client.request(service, picture_files, batch=3))
    assert [path for path, _ in found] == picture_files
    answers = [answer for _, answer in found]
    assert [a.label for a in answers] == right["label"].tolist()
    assert [a.name.encode() for a in answers] == right["name"].tolist()
    np.testing.assert_allclose(
        [a.probabilities for a in answers], right["probabilities"], atol=1e-6
    )


def test_classes_are_learned_from_the_server(service, picture_files):
    assert service.classes(picture_files[0].read_bytes()) == [str(k) for k in range(10)]


def test_one_bad_file_fails_alone(service, picture_files, tmp_path):
    cut = tmp_path / "cut.png"
    cut.write_bytes(picture_files[0].read_bytes()[:60])
    text = tmp_path / "text.png"
    text.write_text("no picture")
    paths = [picture_files[0], cut, text, tmp_path / "missing.png", picture_files[1]]
    found = [answer for _, answer in client.request(service, paths)]
    assert [type(answer) for answer in found] == [
        server_clients.Answer,
        str,
        str,
        str,
        server_clients.Answer,
    ]
    assert found[1] == "is damaged: its pixels cannot be decoded"
    assert found[2] == "is not a picture, or a damaged one"
    assert found[3] == "cannot be read: No such file or directory"


def test_a_payload_that_the_server_refuses_is_told(service):
    with pytest.raises(server_clients.Refused, match="refused by the server: .*[Ii]mage"):
        service.predict([b"no picture"])


def test_a_wrong_model_is_told(service):
    service.model = "letters"
    with pytest.raises(errors.UserError, match="has no model 'letters' .*--model"):
        service.predict([b""])


def test_a_file_refused_by_the_server_alone_does_not_fail_the_batch(picture_files):
    bad = picture_files[2].read_bytes()

    class Picky:
        def predict(self, pictures):
            if bad in pictures:
                raise server_clients.Refused("refused by the server: too blue")
            return [server_clients.Answer(0, "zero", (1.0,)) for _ in pictures]

    found = [answer for _, answer in client.request(Picky(), picture_files)]
    assert [i for i, answer in enumerate(found) if isinstance(answer, str)] == [2]
    assert found[2] == "refused by the server: too blue"


COLORS = np.random.default_rng(0).integers(0, 256, (24, 20, 4), np.uint8)
RGBA, RGB = Image.fromarray(COLORS), Image.fromarray(COLORS[..., :3])
OTHERS = {
    "TIFF": (RGB, "TIFF", {}),
    "TIFF with alpha": (RGBA, "TIFF", {}),
    "TIFF, gray with alpha": (RGBA.convert("LA"), "TIFF", {}),
    "TIFF of 16 bits": (Image.fromarray(COLORS[..., 0] * np.uint16(251)), "TIFF", {}),
    "TIFF on its side": (RGB, "TIFF", {"tiffinfo": {0x0112: 6}}),
    "CMYK": (RGB.convert("CMYK"), "TIFF", {}),
    "GIF": (RGB.quantize(64), "GIF", {}),
    "GIF with a transparent color": (RGB.quantize(4), "GIF", {"transparency": 2}),
    "BMP with a palette": (RGB.quantize(64), "BMP", {}),
    "black and white": (RGB.convert("1"), "BMP", {}),
    "WebP": (RGBA, "WEBP", {}),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_other_formats_are_sent_as_png_of_the_same_pixels(tmp_path, name, channels):
    picture, form, options = OTHERS[name]
    picture.save(tmp_path / "file", form, **options)
    sent = client.read(tmp_path / "file")
    assert sent.startswith(b"\x89PNG")
    right = image_decoding.decode(tmp_path / "file", 24, channels, "pad")
    found = graph_image_decoding.decode(tf.constant([sent]), (24, 24, channels), "pad")[0].numpy()
    np.testing.assert_array_equal(found, right)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_png_and_jpeg_are_sent_as_they_are(tmp_path, form):
    RGB.save(tmp_path / "file", form)
    assert client.read(tmp_path / "file") == (tmp_path / "file").read_bytes()


def test_what_is_no_picture_to_train_on_is_none_to_ask_about(tmp_path):
    Image.fromarray(np.ones((9, 9), np.float32)).save(tmp_path / "float", "TIFF")
    Image.new("L", (9, 3)).save(tmp_path / "low", "PNG")
    (tmp_path / "empty").write_bytes(b"")
    for name, reason in (
        ("float", "has floating-point pixels"), ("low", "at least 4 a side"), ("empty", "is empty"),
    ):  # fmt: skip
        with pytest.raises(errors.UserError, match=reason):
            client.read(tmp_path / name)


def test_an_unreachable_server_is_told_at_once():
    port = closed_port()
    with pytest.raises(
        errors.UserError, match=f"No server answers at http://127.0.0.1:{port} .*--url"
    ):
        server_clients.Rest(f"http://127.0.0.1:{port}", "digits").predict([b""])
    pytest.importorskip("tensorflow_serving", reason="gRPC needs the extra `serving`")
    with pytest.raises(errors.UserError, match=f"No server answers at 127.0.0.1:{port} .*--grpc"):
        server_clients.Grpc(f"127.0.0.1:{port}", "digits").predict([b""])


def test_a_server_that_does_not_answer_runs_into_the_timeout():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(errors.UserError, match="No server answers .*timed out"):
            server_clients.Rest(f"http://127.0.0.1:{port}", "digits", timeout=0.2).predict([b""])
        pytest.importorskip("tensorflow_serving", reason="gRPC needs the extra `serving`")
        with pytest.raises(errors.UserError, match="No server answers .*Deadline"):
            server_clients.Grpc(f"127.0.0.1:{port}", "digits", timeout=0.2).predict([b""])


def test_an_address_that_is_none_is_told():
    with pytest.raises(errors.UserError, match="is no address"):
        server_clients.Rest("127.0.0.1:8501", "digits")


def test_another_kind_of_server_is_told(rest_url, monkeypatch):
    service = server_clients.Rest(rest_url, "digits")
    monkeypatch.setattr(service, "_post", lambda *_: {"hello": "world"})
    with pytest.raises(errors.UserError, match="not as a classifier under TensorFlow Serving"):
        service.predict([b""])


def test_without_the_serving_extra_grpc_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_serving", None)
    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis", None)
    with pytest.raises(errors.UserError, match=r"needs the extra packages .*tf_ssgan\[serving\]"):
        server_clients.Grpc("127.0.0.1:1", "digits")


def test_lines_name_the_likeliest_classes():
    answer = server_clients.Answer(1, "b", (0.2, 0.5, 0.3))
    path = pathlib.Path("x.png")
    assert client.format_answer(path, answer, None, 1) == "x.png\tb\t0.5000"
    assert (
        client.format_answer(path, answer, ["a", "b", "c"], 3)
        == "x.png\tb\t0.5000\tc\t0.3000\ta\t0.2000"
    )


# --- the program ----------------------------------------------------------------------------------


def test_the_program_prints_a_line_a_file(rest_url, picture_files, right, tmp_path):
    Image.open(picture_files[0]).save(picture_files[0], "TIFF")  # which no server can decode
    (tmp_path / "text.png").write_text("no picture")
    done = program(f"--url={rest_url}", "--model=digits", "--top=2", *picture_files,
                   tmp_path / "text.png")  # fmt: skip
    assert done.returncode == 1 and done.stderr == ""
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert lines[-1] == [str(tmp_path / "text.png"), "is not a picture, or a damaged one"]
    best = np.sort(right["probabilities"])[:, ::-1]
    for line, path, name, (first, second) in zip(
        lines[:-1], picture_files, right["name"], best[:, :2], strict=True
    ):
        assert line[:2] == [str(path), name.decode()]
        assert float(line[2]) == pytest.approx(first, abs=1e-4)
        assert float(line[4]) == pytest.approx(second, abs=1e-4)


def test_the_program_speaks_grpc(grpc_target, picture_files, right):
    done = program(f"--grpc={grpc_target}", "--model=digits", picture_files[0])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\t")[1] == right["name"][0].decode()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x.png"], "--model is missing"),
        (["--model=digits"], "No files"),
        (["--model=digits", "--top=0", "x.png"], "top"),
        (["--modl=digits", "x.png"], "modl"),
    ],
)
def test_the_command_line_is_parsed_strictly(capsys, arguments, words):
    with pytest.raises(SystemExit) as stopped:
        client.parse(["client", *arguments])
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err


def test_the_program_answers_mistakes_in_a_sentence(picture_files):
    done = program(f"--url=http://127.0.0.1:{closed_port()}", "--model=digits", picture_files[0])
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("No server answers") and done.stderr.count("\n") == 1


def test_rest_does_not_import_tensorflow():
    text = "import sys; from export import client; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr

"""The program prints the predictions of a server; bad files and mistakes become sentences."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support import scripted_server

from export import client, graph_image_decoding, server_answers, server_clients
from flags import program
from tf_ssgan.common import errors
from tf_ssgan.data import image_decoding

ROOT = pathlib.Path(client.__file__).parent.parent


def run_program(*arguments):
    command = [sys.executable, "-m", "export.client", *map(str, arguments)]
    # Unset, because the program itself keeps TensorFlow quiet.
    env = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("kind", ["rest", "grpc"])
def test_a_bad_file_does_not_affect_the_others(request, kind, image_files, tmp_path):
    if kind == "rest":
        served = server_clients.RestClient(request.getfixturevalue("rest_url"), "digits")
    else:
        served = server_clients.GrpcClient(request.getfixturevalue("grpc_target"), "digits")
    cut = tmp_path / "cut.png"
    cut.write_bytes(image_files[0].read_bytes()[:60])
    text = tmp_path / "text.png"
    text.write_text("no image")
    paths = [image_files[0], cut, text, tmp_path / "missing.png", image_files[1]]
    results = [result for _, result in client.classify_files(served, paths)]
    prediction = server_answers.ServerPrediction
    assert [type(result) for result in results] == [prediction, str, str, str, prediction]
    assert results[1] == "is damaged: its pixels cannot be decoded"
    assert results[2] == "is not an image but text: remove it"
    assert results[3] == "cannot be read: No such file or directory"


def test_a_file_refused_by_the_server_alone_does_not_fail_the_batch(image_files):
    bad = image_files[2].read_bytes()

    class Picky:
        def predict(self, files):
            if bad in files:
                raise server_answers.RefusedRequest("refused by the server: too blue")
            return [server_answers.ServerPrediction(0, "zero", (1.0,)) for _ in files]

    results = [result for _, result in client.classify_files(Picky(), image_files)]
    assert [i for i, result in enumerate(results) if isinstance(result, str)] == [2]
    assert results[2] == "refused by the server: too blue"


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
    "PPM": (RGB, "PPM", {}),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_other_formats_are_sent_as_png_of_the_same_pixels(tmp_path, name, channels):
    original, form, options = OTHERS[name]
    original.save(tmp_path / "file", form, **options)
    sent = client.read_image_file(tmp_path / "file")
    assert sent.startswith(b"\x89PNG")
    expected = image_decoding.decode(tmp_path / "file", 24, channels, "pad")
    image = graph_image_decoding.decode(tf.constant([sent]), (24, 24, channels), "pad")[0].numpy()
    np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize("form", ["TIFF", "PPM"])
def test_gray_of_16_bits_is_sent_with_all_of_them(tmp_path, form):
    """The server knows how many are in use; the client does not."""
    wide = Image.fromarray(COLORS[..., 0] * np.uint16(16))
    wide.save(tmp_path / "file", form)
    sent = client.read_image_file(tmp_path / "file")
    image = graph_image_decoding.decode(tf.constant([sent]), (24, 20, 1), "resize", 12)[0].numpy()
    np.testing.assert_array_equal(image[..., 0], COLORS[..., 0])


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_png_and_jpeg_are_sent_as_they_are(tmp_path, form):
    RGB.save(tmp_path / "file", form)
    assert client.read_image_file(tmp_path / "file") == (tmp_path / "file").read_bytes()


def test_files_that_training_would_refuse_are_not_sent(tmp_path):
    Image.fromarray(np.ones((9, 9), np.float32)).save(tmp_path / "float", "TIFF")
    Image.new("L", (9, 3)).save(tmp_path / "low", "PNG")
    (tmp_path / "empty").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zeros").symlink_to("/dev/zero")
    (tmp_path / "photo").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    for name, reason in (
        ("float", "has floating-point pixels"), ("low", "each side needs at least 4"), ("empty", "is empty"),
        ("pipe", "it is a pipe, not a file"), ("zeros", "it is a device, not a file"), ("photo", "is HEIC"),
    ):  # fmt: skip
        with pytest.raises(errors.UserError, match=reason):
            client.read_image_file(tmp_path / name)


def test_lines_name_the_most_likely_classes():
    prediction = server_answers.ServerPrediction(1, "b", (0.2, 0.5, 0.3))
    path = pathlib.Path("x.png")
    assert client.format_prediction(path, prediction, None, 1) == "x.png\tb\t0.5000"
    assert (
        client.format_prediction(path, prediction, ["a", "b", "c"], 3)
        == "x.png\tb\t0.5000\tc\t0.3000\ta\t0.2000"
    )


def test_a_name_is_one_cell_of_one_line():
    prediction = server_answers.ServerPrediction(0, "a\t\x1b[31mb\n", (1.0,))
    line = client.format_prediction(pathlib.Path("x\ty\n\x1b]0;z\x07.png"), prediction, None, 1)
    assert line == "x\\ty\\n\\x1b]0;z\\x07.png\ta\\t\\x1b[31mb\\n\t1.0000"


# --- the program ----------------------------------------------------------------------------------


def test_the_program_prints_a_line_a_file(rest_url, image_files, expected, tmp_path):
    Image.open(image_files[0]).save(image_files[0], "TIFF")  # a format that no server can decode
    (tmp_path / "text.png").write_text("no image")
    done = run_program(f"--url={rest_url}", "--model=digits", "--top=2", *image_files,
                   tmp_path / "text.png")  # fmt: skip
    assert done.returncode == 1 and done.stderr == ""
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert lines[-1] == [str(tmp_path / "text.png"), "is not an image but text: remove it"]
    best = np.sort(expected["probabilities"])[:, ::-1]
    for line, path, name, (first, second) in zip(
        lines[:-1], image_files, expected["name"], best[:, :2], strict=True
    ):
        assert line[:2] == [str(path), name.decode()]
        assert float(line[2]) == pytest.approx(first, abs=1e-4)
        assert float(line[4]) == pytest.approx(second, abs=1e-4)


def test_the_program_uses_grpc(grpc_target, image_files, expected):
    done = run_program(f"--grpc={grpc_target}", "--model=digits", image_files[0])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\t")[1] == expected["name"][0].decode()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x.png"], "--model is missing"),
        (["--model=digits"], "no files"),
        (["--model=digits", "--top=0", "x.png"], "top"),
        (["--modl=digits", "x.png"], "modl"),
        (["--model=\udcff", "x.png"], "it is no text"),
        (["--model=a\x1b[2J", "x.png"], "it is no text"),
        *(
            [["--model=digits", flag, "x.png"], flag.partition("=")[0]]
            for flag in (
                "--timeout=inf",
                "--timeout=nan",
                "--timeout=0",
                "--timeout=1e9",
                "--batch=1000000000",
                "--batch=-1",
            )
        ),
    ],
)
def test_the_command_line_is_parsed_strictly(capsys, arguments, words):
    with pytest.raises(SystemExit) as stopped, program.exit_on_user_error():
        client.parse_args(["client", *arguments])
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err


def test_the_program_reports_mistakes_in_a_sentence(image_files, closed_port):
    done = run_program(f"--url=http://127.0.0.1:{closed_port}", "--model=digits", image_files[0])
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("No server answers") and done.stderr.count("\n") == 1


def run_main(capsys, url, *words):
    """The program in this process: (status, standard output, standard error)."""
    try:
        with program.exit_on_user_error():
            client.main(["client", f"--url={url}", "--model=digits", *map(str, words)])
        status = 0
    except SystemExit as stopped:
        status = stopped.code
    return status, *capsys.readouterr()


def test_a_bad_answer_is_one_sentence(image_files, capsys):
    row = {"label": 0, "name": "a", "probabilities": [2]}
    with scripted_server.ScriptedServer(scripted_server.answer({"predictions": [row]})) as server:
        status, out, err = run_main(capsys, server.url, image_files[0])
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "in prediction 1 a probability is no number from 0 to 1. Check --url" in err


def test_as_many_names_as_probabilities_are_expected(image_files, capsys):
    row = {"label": 0, "name": "a", "probabilities": [1]}
    both = {"predictions": [row], "results": [[["a", 1], ["b", 0]]]}
    with scripted_server.ScriptedServer(scripted_server.answer(both)) as server:
        status, out, err = run_main(capsys, server.url, "--top=2", image_files[0])
    assert (status, out) == (2, "") and "predicts 1 classes and names 2" in err


def test_reasons_and_names_of_files_are_printed_without_control_characters(tmp_path, capsys):
    path = tmp_path / "a\n\t\x1b[2J.png"
    path.write_text("no image")
    with scripted_server.ScriptedServer(scripted_server.answer({"error": "\x1b[2J"})) as server:
        status, out, _ = run_main(capsys, server.url, path, f"{tmp_path}/\x07")
    assert status == 1 and out.count("\n") == 2 and out.count("\t") == 2
    assert out.replace("\n", "").replace("\t", "").isprintable()


def test_rest_does_not_import_tensorflow():
    text = "import sys; from export import client; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr

"""Mistakes on the command line: status 2 and a sentence, mostly before TensorFlow is imported."""

import json

import numpy as np
import pytest

import flags
from tf_ssgan import methods

# Parses each command line in turn, without a network, and prints the answer to each.
PARSE = """
import contextlib, io, json, socket, sys, time

def unreachable(*args, **kwargs):
    raise OSError("Network is unreachable")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = unreachable
import flags

answers = []
for words in json.loads(sys.argv[1]):
    out, err, began = io.StringIO(), io.StringIO(), time.perf_counter()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            flags.parse(["train_main.py", *words])
            status = None
        except SystemExit as exited:
            status = exited.code
    answers.append(dict(status=status, out=out.getvalue(), err=err.getvalue(),
                        seconds=time.perf_counter() - began, heavy="tensorflow" in sys.modules))
print(json.dumps(answers))
"""

EARLY = {
    "method": (["--method=frgn"], "Did you mean 'frgan'?"),
    "method without a near name": (["--method=xyzzy"], "Known: "),
    "dataset": (["--dataset=digist"], "Did you mean 'digits'?"),
    "a test set": (["--dataset=cifar10_1/v6"], "test images only"),
    "no folder": (["--dataset=npz:/nowhere"], "'/nowhere' is not a folder"),
    "no data folder": (["--dataset=svhn", "--data_dir=/nowhere"], "'/nowhere' is not a folder"),
    "value of an enumeration": (["--label_split=balnced"], "Did you mean 'balanced'?"),
    "kind of label noise": (["--noise=wrogn"], "Did you mean 'wrong'?"),
    "more noise than labels": (["--noise=pair", "--noise_rate=1.5"], "from 0 to 1, got 1.5"),
    "less noise than none": (["--noise_rate=-0.5"], "from 0 to 1, got -0.5"),
    "percent for a share": (
        ["--clean_fraction=5"],
        "--clean_fraction=5.0: expected at least 0 and at most",
    ),
    "no clean image": (
        ["--labels=50", "--clean_fraction=.005"],
        "of 50 labels is less than one image",
    ),
    "no label for noise": (
        ["--labels=50", "--clean_fraction=1", "--noise=pair", "--noise_rate=.5"],
        "leaves none for",
    ),
    "number format": (["--precision=float16"], "Known: auto, float32, mixed_bfloat16"),
    "a word for a number": (["--labels=many"], "'many'"),
    "a fraction for a number": (["--seed=1.5"], "1.5"),
    "a word for a switch": (["--deterministic=maybe"], "maybe"),
    "a flag without its value": (["--max_steps"], "--max_steps"),
    "a number out of range": (["--seed=-1"], "--seed=-1: expected at least 0"),
    "labels": (["--labels=5000"], "at most 1168"),
    "flagfile": (["--flagfile=/nowhere"], "/nowhere"),
    "one class": (["--method=acgan", "--dataset=npz:WRITTEN/one"], "at least two classes"),
    "no label": (["--method=acgan", "--dataset=npz:WRITTEN/none"], "No training image has a label"),
    "small images": (["--method=acgan", "--dataset=npz:WRITTEN/small"], "at least 8x8"),
}
MISSING = {
    name: [f"--dataset={name}", "--data_dir=EMPTY"]
    for name in ("svhn", "cifar10", "cifar100", "fashion_mnist")
}


def write(folder, labels, side=8):
    folder.mkdir()
    for part, label in (("train", labels), ("test", np.arange(len(labels)) % 2)):
        images = np.zeros((len(labels), side, side, 1), np.uint8)
        np.savez(folder / f"{part}.npz", image=images, label=label)


@pytest.fixture(scope="module")
def answers(python, tmp_path_factory):
    """Case -> the answer of one process without a network."""
    empty = str(tmp_path_factory.mktemp("empty"))
    written = tmp_path_factory.mktemp("written")
    write(written / "one", np.zeros(20, int))
    write(written / "none", np.full(20, -1))
    (written / "none" / "classes.txt").write_text("cat\ndog\n")
    write(written / "small", np.arange(20) % 2, side=4)
    cases = {name: words for name, (words, _) in EARLY.items()} | MISSING | {"help": ["--help"]}
    command_lines = [
        [word.replace("EMPTY", empty).replace("WRITTEN", str(written)) for word in words]
        for words in cases.values()
    ]
    end = python("-c", PARSE, json.dumps(command_lines))
    assert end.status == 0, end.err
    return dict(zip(cases, json.loads(end.out), strict=True))


@pytest.mark.parametrize("case", EARLY)
def test_names_and_values_are_answered_before_tensorflow(answers, case):
    answer = answers[case]
    assert answer["status"] == 2 and not answer["heavy"] and answer["seconds"] < 2
    assert EARLY[case][1] in answer["err"]
    assert "Traceback" not in answer["err"] and answer["err"].strip().count("\n") <= 1


@pytest.mark.parametrize("dataset", MISSING)
def test_missing_data_without_a_network(answers, dataset):
    answer = answers[dataset]
    assert answer["status"] == 2 and not answer["heavy"] and answer["seconds"] < 5
    for needed in (f"/{dataset}/train.npz", f"/{dataset}/test.npz", "--data_dir", "image uint8",
                   "label int64", "cannot be reached", "tfds"):  # fmt: skip
        assert needed in answer["err"]
    assert "Traceback" not in answer["err"] and answer["err"].strip().count("\n") <= 1


def test_general_help_needs_no_tensorflow(answers):
    assert answers["help"]["status"] == 0 and not answers["help"]["heavy"]
    assert all(name in answers["help"]["out"] for name in methods.names())


@pytest.mark.parametrize(
    "words, text",
    [
        (["--method=frgan", "--latent_sice=8"], "Did you mean: latent_size"),
        (["--method=supervised", "--latent_size=8"], "latent_size"),
        (["--method=frgan", "--gen_loss=lgo"], "Did you mean 'log'?"),
        (["--method=frgan", "--consistency_space=logits"], "Did you mean 'logit'?"),
        (["--method=frgan", "--width=wide"], "'wide'"),
        (["--method=frgan", "--width=0"], "--width=0: expected at least 1"),
        (["--method=frgan", "--learning_rate=nan"], "--learning_rate=nan"),
        (["--method=frgan", "--dropout=1"], "--dropout=1.0: expected at least 0 and at most 0.99"),
        (["--method=frgan", "extra"], "'extra' is not a flag"),
    ],
)
def test_mistakes_in_hyperparameters_of_a_method(capsys, tmp_path, monkeypatch, words, text):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exited:
        flags.parse(["train_main.py", *words])
    assert exited.value.code == 2
    err = capsys.readouterr().err.strip()
    assert text in err and err.count("\n") <= 1
    assert not list(tmp_path.iterdir()), "a mistake left files"


def test_the_program_itself_ends_with_status_2_and_one_line(python):
    end = python("train_main.py", "--method=frgn")
    assert end.status == 2 and end.out == ""
    assert end.err.startswith("--method=frgn is not a method.") and end.err.count("\n") == 1

"""Flags that do not go together: one sentence and status 2, or a remark, before data are read."""

import functools
import json
import operator
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from support import image_folders
from support.programs import python_path

from tf_ssgan import methods
from tf_ssgan.training import combinations, config

# Answers each command line of train_main.py in one process, which loads no data.
ANSWER = """
import contextlib, io, json, sys
import flags
from tf_ssgan.data import datasets

def load(*_):
    raise SystemExit("data are read")

datasets.DataSource.load = load
answers = []
for words in json.loads(sys.argv[1]):
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        try:
            flags.parse(["train_main.py", *words])
            status = 0
        except SystemExit as ended:
            status = ended.code
    answers.append(dict(status=status, err=err.getvalue(), heavy="tensorflow" in sys.modules))
print(json.dumps(answers))
"""

# (Method, flags, a part of the sentence); these are answered before TensorFlow is imported.
EARLY = [
    ("acgan", "--dataset=npz:UNLABELED", "No training image has a label"),
    ("acgan", "--dataset=folder:UNLABELED_FILES", "labeled/"),
    ("frgan", "--dataset=npz:UNLABELED --noise=permute", "No training image has a label"),
    ("frgan", "--labels=0 --clean_fraction=.5", "of 0 labels is less than one image"),
    ("frgan", "--noise=pair", "--noise=pair needs --noise_rate"),
    ("frgan", "--noise=pair --noise_rate=.3 --clean_fraction=1 --labels=50", "leaves none for"),
    ("frgan", "--precision=float16", "Known: auto, float32, mixed_bfloat16"),
    ("frgan", "--image_size=64", "--image_size is for folder:DIR and csv:FILE"),
    ("frgan", "--channels=3", "--channels is for folder:DIR and csv:FILE"),
    ("frgan", "--fit=crop", "--fit is for folder:DIR and csv:FILE"),
    ("alexnet", "--dataset=folder:FILES --image_size=4", "--image_size must be 8 or more"),
    ("alexnet", "--dataset=npz:SMALL", "at least 8x8"),
    ("acgan", "--dataset=npz:ONE", "at least two classes"),
    ("frgan", "--labels=1169", "at most 1168"),
    ("frgan", "--validation=1297", "validation must be 0 to 1296"),
]  # fmt: skip
# These depend on the method, or on what it recommends.
LATE = [
    ("frgan", "--noise_rate=.3", "noise_rate 0.3 without a kind of noise would do nothing"),
    ("frgan", "--labels=0 --noise=pair --noise_rate=.3", "--noise=pair changes labels, and --labels=0"),
    ("frgan", "--labels=0 --class_weight=balanced", "--class_weight=balanced weighs labels, and --l"),
    *((name, "--class_weight=balanced", f"--method={name} balances classes by a rule of its own")
      for name in methods.names() if methods.find(name).Method.weighs_classes),
    ("frgan", "--class_weight=even", "--class_weight=even is not one of its values"),
    *((name, "--labels=0", f"--method={name} learns from labels, and --labels=0 leaves none")
      for name in methods.names() if methods.find(name).Method.needs_labels),
    *((name, "--clean_fraction=0 --labels=50", f"--method={name} learns from labels that are known")
      for name in methods.names() if methods.find(name).Method.needs_noisy),
    ("frgan", "--batch_size=7 --devices=3", "--batch_size=7 cannot be shared by 3 replicas"),
    ("mean_teacher", "--labeled_per_batch=1 --devices=2", "--labeled_per_batch=1 cannot be shared by"),
    ("mean_teacher", "--labeled_per_batch=50 --batch_size=32", "expected fewer than --batch_size=32"),
    ("frgan", "--epochs=0 --max_steps=0", "leave no steps"),
    ("acgan", "--tau_search=grid", "--tau_search is no flag of --method=acgan, but of acgan_trunc, "),
    ("frgan", "--network=wrn_plain", "--network is no flag of --method=frgan, but of "),
    ("supervised", "--network=alexnet", "--network=alexnet is not one of its values"),
    ("supervised", "--gen_loss=log", "--gen_loss is no flag of --method=supervised, but of "),
    ("supervised", "--gen_los=log", "Unknown command line flag 'gen_los'"),
    ("fixmatch", "--depth=11", "10, 16, 22, 28, ... layers"),
    ("pi_model", "--dataset=folder:FILES --image_size=80 --normalization=zca", "too large to be wh"),
    ("m1_m2", "--dataset=folder:FILES --image_size=80 --likelihood=gaussian", "too large to be wh"),
    ("noise_reg", "--backbone_init=path --clean_fraction=.1", "do not go together"),
    ("noise_reg", "--backbone_path=a.weights.h5 --clean_fraction=.1", "do not go together"),
]  # fmt: skip
CASES = EARLY + LATE


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Number of a case -> what is answered, in one process."""
    root = tmp_path_factory.mktemp("data")
    for name, labels, side in (("UNLABELED", np.full(20, -1), 8), ("ONE", np.zeros(20, int), 8),
                               ("SMALL", np.arange(20) % 2, 4)):  # fmt: skip
        (root / name).mkdir()
        for part, own in (("train", labels), ("test", np.arange(20) % 2)):
            pixels = np.zeros((20, side, side, 1), np.uint8)
            np.savez(root / name / f"{part}.npz", image=pixels, label=own)
    (root / "UNLABELED" / "classes.txt").write_text("cat\ndog\n")
    image_folders.make_folder(root / "FILES", 3, 3, 2)
    image_folders.make_folder(root / "UNLABELED_FILES", 0, 6, 2)
    words = [
        [f"--method={method}", *(part.replace(":", f":{root}/") for part in flags.split())]
        for method, flags, _ in CASES
    ]
    work = root / "work"
    work.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", ANSWER, json.dumps(words)],
        capture_output=True, text=True, cwd=work, timeout=200,
        env=os.environ | {"PYTHONPATH": python_path(pathlib.Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not list(work.iterdir()), "a mistake left files"
    return json.loads(done.stdout)


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{m} {f}" for m, f, _ in CASES])
def test_what_does_not_go_together_is_refused_in_one_sentence(answers, number):
    answer, (_, _, sentence) = answers[number], CASES[number]
    assert answer["status"] == 2 and sentence in answer["err"], answer
    assert answer["err"].strip().count("\n") == 0
    assert number >= len(EARLY) or not answer["heavy"]


@pytest.mark.parametrize(
    "method, given, sentence",
    [
        ("frgan", {"labels": 0}, "No image is labeled"),
        ("frgan", {"clean_fraction": 0.5}, "--clean_fraction=0.5 changes nothing here: frgan"),
        ("frgan", {"clean_fraction": 0.5, "noise": "pair", "noise_rate": 0.5}, ""),
        ("noise_reg", {"clean_fraction": 0.5, "noise": "none"}, ""),
        ("wsgan", {"clean_fraction": 0.5}, ""),
        ("frgan", {}, ""),
    ],
)
def test_what_may_be_meant_otherwise_is_said_when_the_run_begins(method, given, sentence):
    settings = config.configure(method, max_steps=2, **given)
    said = combinations.remarks(settings, methods.find(method).Method)
    assert len(said) == bool(sentence)
    assert all(line.startswith(sentence) and line.endswith(".") for line in said)


def test_every_rule_speaks_of_flags_that_exist():
    names = ("mean_teacher", "fast_swa", "bad_gan", "improved_gan_mreg", "m1_m2")
    flags = functools.reduce(operator.or_, (config.configure(n).as_flags() for n in names))
    for rule in combinations.RULES + combinations.REMARKS:
        assert rule.sentence.format(**flags).endswith(".")

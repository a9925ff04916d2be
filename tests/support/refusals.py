"""Data that are refused: training and the doctor say the same sentence, and nothing is written."""

import pytest

import flags
from tf_ssgan.data import datasets, image_decoding
from tf_ssgan.diagnostics import dataset_checks


def assert_refused(name, words, message, folder, capsys, monkeypatch):
    """Asserts that training and the doctor refuse a data set.

    Args:
        name: Name of the data set.
        words: Further flags of the run.
        message: A part of the sentence.
        folder: Where an empty folder is made, in which the programs run.
        capsys: The fixture.
        monkeypatch: The fixture.
    """
    (folder / "here").mkdir(exist_ok=True)
    monkeypatch.chdir(folder / "here")
    with pytest.raises(SystemExit) as exited:
        flags.parse(["train_main.py", *words, f"--dataset={name}"])
    said = capsys.readouterr().err.strip()
    assert exited.value.code == 2 and message in said and "\n" not in said
    assert not list((folder / "here").iterdir()), "a mistake left files"
    (finding,), arrays = dataset_checks.check_dataset(
        datasets.find(name), image_decoding.ImageSpec(8)
    )
    assert arrays is None and finding.level == "error" and finding.text == said

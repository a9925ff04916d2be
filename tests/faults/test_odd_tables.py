"""Tables as people have them: training and the doctor say the same, or both refuse."""

import os
import unicodedata

import pytest
from support import image_folders, refusals

TRAIN = ["--method=supervised", "--width=4", "--batch_size=8", "--labels=8", "--image_size=8"]


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def make_odd_table(root):
    """A table from Excel in Windows-1252, of files with accents as macOS stores them."""
    folder = unicodedata.normalize("NFD", "müller")
    rows = ["sep=;", "File;Class;Set;age;reviewed;;"]
    for label, name in enumerate(("Größe L", "klein")):
        for number in range(14):
            image_folders.save_image(root / folder / f"{label}_{number}.png", label, number)
            split = "Train" if number < 8 else "val" if number < 11 else "TEST"
            kind = "KLEIN" if label and number == 13 else name
            rows.append(f"müller\\{label}_{number}.png;{kind};{split};3;yes;;")
    rows += [";;;;;;", "", ".\\müller\\0_0.png;Größe L;;;;;", "gone.png;klein;;;;;"]
    (root / "t.csv").write_bytes("\r\n".join(rows).encode("cp1252"))
    return f"csv:{root}/t.csv"


EXPECTED = (
    "3 column(s) of the table are read by another name: File as path; Class as label; Set as split",
    "1 column(s) of the table seem to tell which labels are right, and are not read: reviewed",
    "1 column(s) of the table are not read: age",
    "1 row(s) of the table are empty and are passed over: line 31",
    "29 line(s) of the table are not UTF-8, and are read as Windows-1252: line 3: ",
    "1 row(s) of the table name a file that another row names too; each file is used once: "
    "./müller/0_0.png (line 3 and 33)",
    "1 label(s) of validation and test rows are read as the class that looks the same: KLEIN is "
    "read as klein",
    "29 file(s) are found under the same name in another Unicode form or encoding than in the table",
    "1 of 29 files are left out: gone.png ",
)


def test_an_odd_table_is_learned_and_training_says_what_the_doctor_says(tmp_path, python):
    name, workdir = make_odd_table(tmp_path / "d"), tmp_path / "run"
    trained = python("train_main.py", *TRAIN, f"--dataset={name}", "--max_steps=20",
                     f"--workdir={workdir}")  # fmt: skip
    assert trained.status == 0 and "Traceback" not in trained.err, trained.err
    assert (workdir / "result.json").exists()
    doctor = python("-m", "tf_ssgan.doctor", f"--dataset={name}", "--skip_steps", "--labels=8",
                    "--image_size=8")  # fmt: skip
    assert "16 labeled, 0 unlabeled" in doctor.out and "6 test" in doctor.out
    lines = [line for line in trained.err.splitlines() if line.startswith(f"{name}: ")]
    for words in EXPECTED:
        assert any(line.startswith(f"{name}: {words}") for line in lines), words
        assert words in doctor.out, words


HEAD = "path,label,split\n0.png,a,\n1.png,b,\n"  # a table that is right
REFUSED = {
    "workbook": (b"PK\x03\x04....xl/workbook.xml", "is an Excel workbook. Expected a table"),
    "parquet": (b"PAR1\0", "is a Parquet file"),
    "page": (b"<!DOCTYPE html>", "is a page in HTML or XML"),
    "empty": (b"", "is empty"),
    "header only": (b"path,label\n", "has no rows below its first line"),
    "no header": (b"0.png,a\n1.png,b\n", "has no names of columns"),
    "NUL": (HEAD.encode() + b"\0,a,\n", "line 4: there is a NUL character"),
    "overlong": (HEAD.encode() + b"2" * 200_000 + b",a,\n", "line 4: a field is longer than"),
    "quotes": (HEAD.encode() + b'"2.png,a,\n3.png,b,\n', "line 4: a quotation mark opens"),
    "fields": (HEAD.encode() + b"2, 3.png,a,\n", "line 4: this row has 4 field(s)"),
    "column twice": (b"path,Path,label\n0.png,1.png,a\n", "the columns 'path' and 'Path'"),
    "split": (HEAD.encode() + b"2.png,b,fold\n", "line 4: split 'fold' is unknown"),
    "two classes": (HEAD.encode() + b"./1.png,a,\n", "lines 3 and 4: ./1.png has two classes"),
    "train and test": (HEAD.encode() + b"1.png,b,test\n", "lines 3 and 4: 1.png has two uses"),
    "test only": (HEAD.encode() + b"2.png,c,test\n3.png,d,val\n", "only: c, d. Give these labels"),
    "drive": (b"path,label\nC:\\d\\0.png,a\nC:\\d\\1.png,b\n", "Did you mean 0.png?"),
    "address": (b"path,label\nhttp://a.org/0.png,a\n1.png,b\n", "is an address in the network"),
    "cut off": (HEAD.encode("utf-16")[:-1], "is cut off or damaged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_table_is_refused_in_one_sentence(case, tmp_path, capsys, monkeypatch):
    content, message = REFUSED[case]
    (tmp_path / "d").mkdir()
    (tmp_path / "d/t.csv").write_bytes(content)
    for number in range(4):
        (tmp_path / f"d/{number}.png").touch()
    refused_by_both(tmp_path, capsys, monkeypatch, message)


def test_a_pipe_does_not_hang_and_a_huge_file_is_not_read(tmp_path, capsys, monkeypatch):
    (tmp_path / "d").mkdir()
    os.mkfifo(tmp_path / "d/t.csv")
    refused_by_both(tmp_path, capsys, monkeypatch, "is a pipe or a device, not a file")
    os.unlink(tmp_path / "d/t.csv")
    with open(tmp_path / "d/t.csv", "wb") as file:
        file.truncate(2**35)
    refused_by_both(tmp_path, capsys, monkeypatch, "has 34,359,738,368 bytes, and at most")


def refused_by_both(tmp_path, capsys, monkeypatch, message):
    name = f"csv:{tmp_path}/d/t.csv"
    refusals.assert_refused(name, TRAIN, message, tmp_path, capsys, monkeypatch)

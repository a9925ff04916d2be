"""Flag files: what they stand for, and files that end every program in a sentence."""

import importlib
import os
import subprocess
import sys
import threading

import pytest

from flags import flagfiles, program
from tf_ssgan.common import errors

PROGRAMS = (
    "train_main", "tf_ssgan.sweep", "tf_ssgan.report", "tf_ssgan.evaluate", "tf_ssgan.doctor",
    "export.export_main", "export.predict", "export.client",
)  # fmt: skip
JUNK = {
    "picture": b"\x89PNG\r\n\x1a\n\x00\xff\xfe--seed=3\n",
    "zeros": bytes(100),
    "latin": "--workdir=Bär\n".encode("latin-1"),
    "further": b"--flagfile=a\0b\n",
}


def test_a_flag_file_stands_for_its_lines(tmp_path):
    (tmp_path / "more").write_text("--width=8\n")
    (tmp_path / "flags").write_text(f"# ours\n\n--seed=3\n--flagfile={tmp_path}/more\n")
    for words in ([f"--flagfile={tmp_path}/flags"], ["--flagfile", f"{tmp_path}/flags"]):
        assert flagfiles.expand(["a", *words, "b"]) == ["a", "--seed=3", "--width=8", "b"]


def test_files_that_name_each_other_are_refused(tmp_path):
    (tmp_path / "a").write_text(f"--seed=3\n--flagfile={tmp_path}/b\n")
    (tmp_path / "b").write_text(f"--flagfile={tmp_path}/a\n")
    with pytest.raises(errors.UserError, match=f"--flagfile={tmp_path}/a names itself."):
        flagfiles.expand(["program", f"--flagfile={tmp_path}/a"])
    twice = [f"--flagfile={tmp_path}/c"] * 2
    (tmp_path / "c").write_text("--seed=3\n")
    assert flagfiles.expand(["program", *twice])[0] == "program"


def test_a_pipe_that_nothing_is_written_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(flagfiles, "_WAIT", 10)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(errors.UserError, match="pipe cannot be read: it is a pipe that nothing"):
        flagfiles.expand(["program", f"--flagfile={tmp_path}/pipe"])


def test_a_pipe_is_read_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("--seed=3\n",))
    writer.start()
    assert flagfiles.expand(["program", f"--flagfile={tmp_path}/pipe"]) == ["program", "--seed=3"]
    writer.join()


def test_what_stands_after_dashes_is_left_alone():
    words = ["sweep", "--", "--flagfile=/nowhere"]
    assert flagfiles.expand(words) == words


def refusal(*words):
    with pytest.raises(errors.UserError) as refused:
        flagfiles.expand(["train_main.py", *words])
    message = str(refused.value)
    assert refused.value.status == 2 and "\n" not in message and "\0" not in message
    assert message.endswith(
        " Give a text file with one flag a line, such as the run.flags of a run."
    )
    return message


@pytest.mark.parametrize("kind", JUNK)
def test_what_is_not_text_is_refused(tmp_path, kind):
    (tmp_path / kind).write_bytes(JUNK[kind])
    path = f"{tmp_path}/{kind}"
    assert f"--flagfile={path} is not a text file." in refusal("--seed=1", f"--flagfile={path}")
    assert f"--flagfile={path} is not a text file." in refusal("--flagfile", path, "--seed=1")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    missing = f"--flagfile={tmp_path}/x cannot be read: No such file or directory."
    assert missing in refusal(f"--flagfile={tmp_path}/x")
    (tmp_path / "flags").write_text(f"--flagfile={tmp_path}/x\n")
    assert missing in refusal(f"--flagfile={tmp_path}/flags")
    assert f"--flagfile={tmp_path} cannot be read: Is a dir" in refusal(f"--flagfile={tmp_path}")


def test_a_flag_file_needs_a_name(tmp_path):
    assert "--flagfile names no file." in refusal("--flagfile")
    for text in ("--flagfile", "--flagfile\n/nowhere\n", "  --flagfile=  \n"):
        (tmp_path / "flags").write_text(text)
        assert "--flagfile names no file." in refusal(f"--flagfile={tmp_path}/flags")


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le with a mark", "utf-16-be with a mark")


@pytest.mark.parametrize("end", ["\n", "\r\n", " \t\r\n", "\r"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_files_of_editors_on_windows_are_read(tmp_path, encoding, end):
    encoding, _, mark = encoding.partition(" with ")
    lines = [f"--workdir={tmp_path}/Bär 猫", "", "# ours", "  // theirs", "--seed=3", "--epochs=2"]
    text = ("\ufeff" if mark else "") + end.join(lines)
    (tmp_path / "flags").write_bytes(text.encode(encoding))
    expected = [lines[0], "--seed=3", "--epochs=2"]
    for words in ([f"--flagfile={tmp_path}/flags"], ["--flagfile", f"{tmp_path}/flags"]):
        assert flagfiles.expand(["train_main.py", *words, "--labels=9"])[1:-1] == expected


def test_the_home_folder_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "flags").write_text("--flagfile=~/more\n")
    (tmp_path / "more").write_text("--seed=3\n")
    assert flagfiles.expand(["a", "--flagfile=~/flags"]) == ["a", "--seed=3"]


def test_a_file_without_an_end_is_refused():
    assert "--flagfile=/dev/zero is not a text file." in refusal("--flagfile=/dev/zero")


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_answers_with_a_sentence(tmp_path, capsys, name):
    (tmp_path / "junk").write_bytes(JUNK["picture"])
    for file, reason in (("junk", "is not a text file"), ("x", "No such file"), ("", "Is a dir")):
        with pytest.raises(SystemExit) as stopped, program.exit_on_user_error():
            importlib.import_module(name).main([name, f"--flagfile={tmp_path}/{file}"])
        assert stopped.value.code == 2
        message = capsys.readouterr().err
        assert reason in message and message.count("\n") == 1


def test_flags_of_every_run_of_a_sweep_too(tmp_path):
    (tmp_path / "junk").write_bytes(JUNK["picture"])
    with pytest.raises(errors.UserError, match="junk is not a text file"):
        program.check_run_flags([f"--flagfile={tmp_path}/junk"], {})


def test_the_program_itself_ends_with_status_2_before_tensorflow(tmp_path):
    (tmp_path / "junk").write_bytes(JUNK["picture"])
    code = (
        "import sys, train_main\n"
        "try: train_main.command()\n"
        "finally: print('tensorflow' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, f"--flagfile={tmp_path}/junk"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "False\n", 1)

"""What programs share: options from flags, words after --, mistakes and exit statuses."""

import dataclasses
import pathlib
import signal
import subprocess
import sys
from typing import Literal

import pytest
import tensorflow as tf
from absl import flags as absl_flags

from flags import program
from tf_ssgan.common import errors
from tf_ssgan.common.options import option

ROOT = pathlib.Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class PaintOptions:
    color: Literal["", "red", "blue"] = option("", "Color of the paint.")
    coats: int = option(2, "How many coats.", low=1)
    dry: bool = option(False, "Whether to let it dry.")


def read(*words):
    return program.read_options(PaintOptions, ["paint", *words], "Paints.")


def test_each_field_is_a_flag():
    assert read() == (PaintOptions(), [])
    words = ["--color=red", "wall", "--coats=3", "--dry", "door"]
    assert read(*words) == (PaintOptions("red", 3, True), ["wall", "door"])


def test_ranges_are_left_to_the_program():
    assert read("--coats=0", "--color=green")[0] == PaintOptions("green", 0)


@pytest.mark.parametrize("word", ["--colour=red", "--coats=many"])
def test_unknown_flags_and_values_of_another_type_are_errors(word):
    with pytest.raises(absl_flags.Error):
        read(word)


@pytest.mark.parametrize("word", program.HELP_FLAGS)
def test_help_prints_the_flags_and_their_choices(capsys, word):
    with pytest.raises(SystemExit) as stopped:
        read("--coats=0", word)
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith("Paints.\n") and "How many coats." in text
    assert "Color of the paint. (red, blue)" in text


def test_programs_without_words_refuse_the_first():
    program.refuse_words([])
    with pytest.raises(
        errors.UserError, match="'wall' is not a flag. Flags look like --name=value."
    ):
        program.refuse_words(["wall", "door"])


def test_a_command_line_is_split_at_the_first_dashes():
    assert program.split_at_dashes(["sweep", "--seeds=2"]) == (["sweep", "--seeds=2"], ())
    assert program.split_at_dashes(["sweep", "--", "--width=8", "--"]) == (
        ["sweep"],
        ("--width=8", "--"),
    )


# --- Flags after the dashes -----------------------------------------------------------------------


def test_flags_of_a_run_may_follow_the_dashes():
    program.check_run_flags(["--max_steps=300", "--width=8"], {"seed": "seeds"})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--help"], "train_main.py --method=NAME --help"),
        (["wall"], "'wall' is not a flag"),
        (["--max_steps=3", "--seed=3"], "this program sets it for every run: give --seeds before"),
        (["--max_steps=3", "--clean_pct=.1"], "--clean_pct is now called --clean_fraction"),
        (["--n_critic", "2"], "--n_critic is now called --critic_steps"),
    ],
)
def test_other_words_after_the_dashes_are_refused(words, message):
    with pytest.raises(errors.UserError, match=message) as refused:
        program.check_run_flags(words, {"seed": "seeds"})
    assert refused.value.status == 2


def test_an_old_name_in_a_flagfile_after_the_dashes_is_refused(tmp_path):
    (tmp_path / "run.flags").write_text("--n_critic=2\n")
    with pytest.raises(errors.UserError, match="--critic_steps"):
        program.check_run_flags([f"--flagfile={tmp_path}/run.flags"], {})


@pytest.mark.parametrize(
    ("word", "new"), [("--clean_pct=.1", "--clean_fraction"), ("--n_critic=2", "--critic_steps")]
)
def test_sweep_refuses_old_names_without_tensorflow(tmp_path, word, new):
    code = (
        "import runpy, sys\n"
        "try: runpy.run_module('tf_ssgan.sweep', run_name='__main__', alter_sys=True)\n"
        "except SystemExit as stop: print(stop.code, 'tensorflow' in sys.modules)\n"
    )
    words = ["--methods=acgan", f"--runs={tmp_path}", "--", "--max_steps=3", word]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.split() == ["2", "False"], done
    assert f"is now called {new};" in done.stderr and done.stderr.count("\n") == 1


# --- Mistakes -------------------------------------------------------------------------------------


def status_of(error, capsys):
    with pytest.raises(SystemExit) as stopped, program.exit_on_user_error():
        raise error
    return stopped.value.code, capsys.readouterr().err


def test_mistakes_become_a_sentence_and_a_status(capsys):
    assert status_of(errors.UserError("No such color."), capsys) == (2, "No such color.\n")
    assert status_of(absl_flags.Error("Unknown flag."), capsys) == (2, "Unknown flag.\n")
    status, message = status_of(errors.Diverged(7, "loss", float("nan")), capsys)
    assert status == 3 and message.startswith("Stopped at step 7: loss is nan.")


def test_a_sentence_has_no_control_characters(capsys):
    error = errors.UserError("No a\x1b[2J\x9b\tfile.\nTake b\rc.")
    assert status_of(error, capsys) == (2, "No a\\x1b[2J\\x9b\\tfile.\nTake b\\rc.\n")


def test_interruptions_have_the_status_of_their_signal(capsys):
    assert status_of(KeyboardInterrupt(), capsys) == (130, "")
    status, message = status_of(errors.Interrupted(signal.SIGTERM), capsys)
    assert status == 143 and message.startswith("\nStopped and saved")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        MemoryError("Unable to allocate 9 GiB"),
        tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor\n\t [[node]]"),
    ],
)
def test_no_memory_is_a_sentence(capsys, error):
    with pytest.raises(SystemExit) as stopped, program.exit_on_user_error():
        raise error
    said = capsys.readouterr().err
    assert stopped.value.code == 2 and said.startswith("Memory ran out: ") and said.count("\n") == 1


def test_a_full_disk_is_no_lack_of_memory(capsys):
    full = tf.errors.ResourceExhaustedError(None, None, "x.index; No space left on device")
    with pytest.raises(SystemExit), program.exit_on_user_error():
        raise full
    assert capsys.readouterr().err.startswith("The disk is full: ")


def test_other_errors_keep_their_traceback():
    with pytest.raises(ZeroDivisionError), program.exit_on_user_error():
        raise ZeroDivisionError


def test_main_gives_a_program_its_words_and_ends_with_its_status():
    code = (
        "from flags import program\n"
        "from tf_ssgan.common import errors\n"
        "def paint(argv):\n"
        "    print(argv[1:])\n"
        "    raise errors.UserError('No paint.')\n"
        "program.main(paint)\n"
    )
    words = ["--coats=2", "wall"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "['--coats=2', 'wall']\n"), done.stderr
    assert done.stderr == "No paint.\n"


def test_a_mistake_with_control_characters_is_said_without_them(capsys):
    with pytest.raises(SystemExit), program.exit_on_user_error():
        raise errors.UserError("no class '\x1b[31mred\u2028'")
    assert capsys.readouterr().err == "no class '\\x1b[31mred\\u2028'\n"

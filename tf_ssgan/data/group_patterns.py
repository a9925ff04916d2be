"""Names of groups in names of files, found by a regular expression of the user.

Some regular expressions take years for a short name: (a+)+$ tries each way to divide "aaa...b".
Python cannot stop a search that has begun, and no simple rule tells such expressions from others.
So all names are searched in a process of its own, which is ended if it takes too long.
"""

import json
import subprocess
import sys
from collections.abc import Sequence

from tf_ssgan.common import errors
from tf_ssgan.common.plain_text import escape, shell_word

LONGEST = 1_000  # characters of a regular expression
SECONDS = 20  # after which a search is ended; it may be longer for many names:
_NAMES_A_SECOND = 25_000  # of which ten times as many are usual

_PROGRAM = """
import json, re, sys, warnings
warnings.simplefilter("ignore")
pattern, names = json.load(sys.stdin)
try:
    search = re.compile(pattern).search
except (re.error, ValueError, OverflowError, RecursionError, MemoryError) as error:
    json.dump({"error": str(error) or type(error).__name__}, sys.stdout)
    sys.exit()
def group(found):
    if not found:
        return ""
    texts = found.groups() if found.re.groups else [found[0]]
    return next(filter(None, texts), "")
json.dump({"groups": [group(search(name)) for name in names]}, sys.stdout)
"""


def search(pattern: str, names: Sequence[str]) -> list[str]:
    """Searches each name for the name of its group.

    Args:
        pattern: a regular expression, which is searched anywhere in a name.
        names: what is searched.

    Returns:
        For each name the first capture group that matches, or the whole match if the expression has
        no capture group; "" if there is no match.

    Raises:
        UserError: It is no regular expression, or takes too long.
    """
    if len(pattern) > LONGEST:
        raise errors.UserError(
            f"--group_by has {len(pattern):,} characters. Give a regular expression of at most "
            f"{LONGEST:,}, or name the groups in a column of a table (csv:)."
        )
    flag = f"--group_by={escape(shell_word(pattern))}"
    seconds = SECONDS + len(names) / _NAMES_A_SECOND
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _PROGRAM],
            input=json.dumps([pattern, list(names)]), stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, encoding="ascii", timeout=seconds,
        )  # fmt: skip
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise errors.UserError(
            f"{flag}: the search takes longer than {round(seconds, 1):g} seconds for "
            f"{len(names):,} names. Give a simpler regular expression, without repeats inside of "
            "repeats such as (a+)+."
        ) from error
    except ValueError as error:  # the process was killed, say for its memory
        raise errors.UserError(
            f"{flag}: the search ended early (exit status {done.returncode}). Give a simpler "
            "regular expression."
        ) from error
    if "error" in answer:
        raise errors.UserError(
            f"{flag} is no regular expression ({escape(answer['error'])}). "
            "Put \\ before a character that stands for itself, as in \\( or \\.; write '^(p\\d+)_' "
            "for names such as p12_3.png."
        )
    return answer["groups"]

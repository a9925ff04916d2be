"""JSON of unknown origin: whatever is wrong with it is said in plain words."""

import json
from collections.abc import Callable
from typing import Any


def loads(content: str | bytes, parse_constant: Callable[[str], Any] | None = None) -> Any:
    """Reads JSON.

    Args:
        content: The text; bytes are UTF-8, or UTF-16 or UTF-32 as `json.loads` detects them.
        parse_constant: Takes NaN, Infinity and -Infinity, which are no JSON; None reads them.

    Returns:
        What it says.

    Raises:
        ValueError: It is no JSON, is nested too deeply, or has numbers of too many digits.
    """
    try:
        return json.loads(content, parse_constant=parse_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise ValueError("it is not text in UTF-8") from error
    except ValueError as error:
        if "set_int_max_str_digits" in str(error):
            raise ValueError("it holds a number of too many digits") from error
        raise

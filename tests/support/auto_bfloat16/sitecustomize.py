"""With this folder on Python's path, the CPU seems to have AMX: `auto` means mixed_bfloat16.

Python imports a module of this name at its start, so programs that tests start do as the tests do.
"""

import pathlib

_read_text = pathlib.Path.read_text


def read_text(path, *args, **kwargs):
    """Adds AMX to the flags in /proc/cpuinfo."""
    text = _read_text(path, *args, **kwargs)
    seems_amx = str(path) == "/proc/cpuinfo"
    return text.replace("flags\t\t:", "flags\t\t: amx_bf16") if seems_amx else text


pathlib.Path.read_text = read_text

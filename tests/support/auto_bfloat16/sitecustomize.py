"""With this folder on Python's path, the CPU seems to have AMX: `auto` means mixed_bfloat16.

Python imports a module of this name at its start, so programs that tests start do as the tests do.
"""

import builtins
import io

_open = builtins.open


def open_with_amx(file, *args, **kwargs):
    """Adds AMX to the flags in /proc/cpuinfo."""
    opened = _open(file, *args, **kwargs)
    if file != "/proc/cpuinfo":
        return opened
    with opened:
        return io.StringIO(opened.read().replace("flags\t\t:", "flags\t\t: amx_bf16"))


builtins.open = open_with_amx

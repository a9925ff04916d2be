"""Which operating systems can run this: those with the locks of POSIX.

`tf_ssgan/__init__.py` calls `require` before modules that need such a system can be imported.
"""

import sys


def require() -> None:
    """Ends the process with a sentence on a system that cannot run this, such as Windows.

    Raises:
        SystemExit: Status 2. No other error ends an import without a traceback.
    """
    try:
        import fcntl  # noqa: F401 - the first thing that Windows lacks
    except ImportError:
        print(
            f"tf_ssgan needs Linux, and this system ({sys.platform}) has no file locks of POSIX. "
            "On Windows, run it in WSL 2 or in a Docker container.",
            file=sys.stderr,
        )
        raise SystemExit(2) from None

"""NumPy archives that no NumPy has written: each array is a description and bytes of our choice."""

import zipfile


def npy(description, elements=b"", version=(1, 0), length=None):
    """An array's bytes: magic string, version, length of the description, itself, the elements."""
    text = description if isinstance(description, bytes) else description.encode()
    size = len(text) if length is None else length
    count = size.to_bytes(2 if version == (1, 0) else 4, "little")
    return b"\x93NUMPY" + bytes(version) + count + text + elements


def described(shape, dtype="|u1", columns_first=False):
    """A description as NumPy writes it, of any shape."""
    return f"{{'descr': {dtype!r}, 'fortran_order': {columns_first}, 'shape': {shape}, }}\n"


def write(path, arrays, compression=zipfile.ZIP_DEFLATED):
    """Writes an archive.

    Args:
        path: the archive.
        arrays: name of an array -> its bytes, or a list of (name, bytes) with names twice.
        compression: as of `zipfile`.
    """
    pairs = arrays.items() if isinstance(arrays, dict) else arrays
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in pairs:
            archive.writestr(f"{name}.npy", content)
    return path


def lie(path, old, new, last=False):
    """Replaces bytes in the list of an archive, or everywhere before it."""
    content = path.read_bytes()
    at = content.rfind(old) if last else content.find(old)
    assert at >= 0
    path.write_bytes(content[:at] + new + content[at + len(old) :])
    return path

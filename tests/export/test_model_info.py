"""model_info.json is checked field by field, and the field that is wrong is named."""

import json
import os
import shutil

import pytest

from export import model_info
from tf_ssgan.common import errors

GOOD = {
    "method": "vat", "dataset": "pets", "classes": ["cat", "dog"], "image_shape": [32, 32, 3],
    "fit": "crop", "bits": 12, "step": 20,
    "calibration": {"temperature": 1.25, "images": 129, "ece_before": 0.1, "ece_after": 0.1,
                    "nll_before": 1.0, "nll_after": 1.0},
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    """Writes the file, as an object or as bytes, and reads it."""
    (tmp_path / "assets").mkdir()

    def write_and_read(content):
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        (tmp_path / "assets" / "model_info.json").write_bytes(content)
        return model_info.read(tmp_path)

    return write_and_read


def test_what_it_says(write, tmp_path):
    info = write(GOOD)
    assert (info.folder, info.classes, info.shape) == (tmp_path, ("cat", "dog"), (32, 32, 3))
    assert (info.fit, info.bits) == ("crop", 12)
    assert info.facts == {"model": str(tmp_path), "method": "vat", "dataset": "pets",
                          "calibrated": "at temperature 1.25"}  # fmt: skip


def test_the_error_is_said_with_its_images(write):
    error = {"test_error": 32.616, "test_images": 279, "test_error_interval": [27.4, 38.3]}
    facts = write(GOOD | error).facts
    assert facts["test error"] == "32.62 % of 279 images, 95 % interval 27.4 to 38.3 %"
    assert write(GOOD | {"test_error": 32.616}).facts["test error"] == "32.62 %"  # older exports
    one = {"test_error": 0.0, "test_images": 1, "test_error_interval": [0.0, 79.3]}
    assert "0.00 % of 1 image, 95 %" in write(GOOD | one).facts["test error"]
    none = dict.fromkeys(error)
    assert "test error" not in write(GOOD | none).facts


def test_what_an_export_writes_is_taken(exported):
    assert model_info.read(exported.folder).classes == tuple(map(str, range(10)))


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("method", [None, 3, "", ["vat"], "a\nb", "a\0"]),
        ("dataset", [None, 3, {}]),
        ("classes", [None, [], "ab", {}, [1, 2], [None], ["a", "a"], [["a"]], ["a\x1b[2J"]]),
        ("image_shape", [None, [], [8, 8], [8, 8, 1, 1], "881", [8.0, 8, 1], [0, 0, 1], [-8, -8, 1],
                         [10**30, 10**30, 1], [True, True, True], [1e999, 8, 1], [20_000, 20_000, 1]]),
        ("fit", [None, 3, ["crop"]]),
        ("bits", [None, 7, 17, 8.5, "8", 10**40, True]),
        ("step", [None, -1, 10**40, "x"]),
        ("calibration", [None, 3, [], {}, {**GOOD["calibration"], "temperature": float("nan")},
                         {**GOOD["calibration"], "temperature": float("inf")},
                         {**GOOD["calibration"], "temperature": 0}, {**GOOD["calibration"], "images": -1},
                         {**GOOD["calibration"], "note": {"a": 1}}]),
        ("protocol", [None, 3, {}]), ("config", [3, {"a": {}}]), ("result", [3, {}]),
        ("versions", [3, {"numpy": 2}]), ("code", [3, {"trained": 3}]),
        ("test_error", ["5", 101, -1, float("nan")]), ("test_images", [0, -1, 1.5, "3"]),
        ("test_error_interval", [3, [], [1.0], [1.0, 2.0, 3.0], [9.0, 1.0], [-1.0, 5.0]]), ("exported_in", ["float16"]),
    ],
)  # fmt: skip
def test_a_field_that_is_wrong_is_named(write, field, values):
    for value in values:
        with pytest.raises(errors.UserError, match="model_info.json is damaged: ") as refused:
            write(GOOD | {field: value})
        assert field in str(refused.value) and "Export it again." in str(refused.value)


@pytest.mark.parametrize("field", ["method", "dataset", "classes", "image_shape"])
def test_a_field_that_is_missing_is_named(write, field):
    with pytest.raises(errors.UserError, match=f"is damaged: {field} is missing"):
        write({k: v for k, v in GOOD.items() if k != field})


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"null", b"[]", b"3", b'"a"', b"\xff\xfe\x00", b"\0" * 50, b"[" * 200_000,
     b'{"a":' * 100_000, b'{"method": ' + b"9" * 5000 + b"}"],
)  # fmt: skip
def test_what_is_no_object_is_damaged(write, content):
    with pytest.raises(errors.UserError, match="model_info.json is damaged: .*Export it again"):
        write(content)


@pytest.mark.parametrize("change", [{"image_shape": [16, 8, 1]}, {"image_shape": [8, 8, 2]},
                                    {"fit": "stretch"}])  # fmt: skip
def test_images_that_files_cannot_become_are_refused(write, change):
    with pytest.raises(errors.UserError, match="Files become squares"):
        write(GOOD | change)


def test_what_is_no_file_is_not_waited_for(tmp_path):
    with pytest.raises(errors.UserError, match="holds no assets/model_info.json"):
        model_info.read(tmp_path)
    (tmp_path / "assets").mkdir()
    path = tmp_path / "assets" / "model_info.json"
    os.mkfifo(path)
    with pytest.raises(errors.UserError, match="cannot be read: it is a pipe"):
        model_info.read(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(errors.UserError, match="cannot be read: Is a directory"):
        model_info.read(tmp_path)
    shutil.rmtree(path)
    path.write_bytes(b" " * (2**25 + 1))
    with pytest.raises(errors.UserError, match="cannot be read: it has 33,554,433 bytes"):
        model_info.read(tmp_path)

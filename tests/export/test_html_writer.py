"""The page of predictions: escaped, complete, and without network."""

import io
import shutil

import pytest
from support import exported_models, predict_output

from export import html_writer, predictions


def test_the_page_is_escaped_and_needs_nothing_else(run_predict, odd_names, bad_files, tmp_path):
    status, out, _ = run_predict("--format=html", "--top=3", *odd_names, tmp_path / "bad")
    page = predict_output.Page(out)
    assert status == 1
    assert page.texts["path"][:-8] == odd_names[:-1]
    tags = [tag for tag, _ in page.tags]
    assert "script" not in tags and "<script" not in out and "link" not in tags
    images = [attrs for tag, attrs in page.tags if tag == "img"]
    assert len(images) == len(odd_names) and all(a["loading"] == "lazy" for a in images)
    assert all(a.startswith(("data:image/jpeg;base64,", "#counts")) for a in page.addresses)
    assert not any(word in out for word in ("http:", "https:", "url(", "@import"))
    assert page.texts["reason"] == [bad_files[path] for path in sorted(bad_files)]
    assert len(page.texts["class"]) == 3 * len(odd_names)
    assert "prefers-color-scheme: dark" in out and "width=device-width" in out


def test_the_page_names_the_model_and_has_counts(
    run_predict, image_files, bad_files, exported, tmp_path
):
    out = run_predict("--format=html", "--abstain_below=1", tmp_path / "bad", *image_files)[1]
    facts = predict_output.Page(out).texts["dd"]
    assert facts[:3] == [str(exported.folder), "frgan", "digits"] and facts[-3:] == ["14", "7", "7"]


@pytest.mark.parametrize(
    ("calibration", "named"),
    [
        ({"temperature": 1.5, "images": 129}, True),
        ({"temperature": 1.0, "images": 0}, False),
        (None, False),
    ],
)
def test_the_page_names_the_temperature_if_there_is_one(
    run_predict, exported, image_files, tmp_path, calibration, named
):
    shutil.copytree(exported.folder, tmp_path / "model")
    values = {"ece_before": None, "ece_after": None, "nll_before": None, "nll_after": None}
    exported_models.change_info(
        tmp_path / "model", calibration=calibration and values | calibration
    )
    page = predict_output.Page(
        run_predict("--format=html", image_files[0], model=tmp_path / "model")[1]
    )
    assert ("calibrated" in page.texts["dt"]) is named
    assert ("at temperature 1.5" in page.texts["dd"]) is named


def test_every_tag_is_closed(run_predict, image_files, bad_files, tmp_path):
    assert (
        predict_output.Page(
            run_predict("--format=html", "--top=2", tmp_path / "bad", *image_files)[1]
        ).open
        == []
    )


def test_rows_are_written_at_once_and_the_counts_at_the_end():
    file = io.StringIO()
    writer = html_writer.HtmlWriter(file, {"model": "served/pets/1"}, 1)
    writer.add(predictions.Prediction("a.png", (("cat", 0.75),), thumbnail=b"jpeg"))
    assert "a.png" in file.getvalue() and "could not be read" not in file.getvalue()
    writer.add(predictions.Prediction("b.png", reason="is empty"))
    writer.end(predictions.PredictionCounts(rows=2, unread=1))
    page = predict_output.Page(file.getvalue())
    assert page.open == [] and page.texts["path"] == ["a.png", "b.png"]
    assert page.texts["label"] == ["cat"] and page.texts["label none"] == ["no answer"]
    assert page.texts["dd"] == ["served/pets/1", "2", "1", "0"]
    assert page.texts["span"] == ["75.0 %"] and page.texts["reason"] == ["is empty"]

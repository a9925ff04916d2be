"""The names of the files in the folder of a run."""

import os
import pathlib

from tf_ssgan.reports import embedded_images
from tf_ssgan.training import run_paths

FOLDER = pathlib.Path("runs/one")
RUN = run_paths.RunPaths(FOLDER)


def test_all_files_are_in_the_folder():
    paths = {
        RUN.config_file, RUN.metrics_file, RUN.result_file, RUN.evaluation_file, RUN.data_file,
        RUN.checkpoints, RUN.tensorboard, RUN.classification_report, RUN.figure("samples"),
        RUN.pretrained("generator"),
    }  # fmt: skip
    assert {path.parent for path in paths} == {FOLDER} and len(paths) == 10
    assert str(RUN) == "runs/one"


def test_every_file_that_a_run_would_overwrite_is_known():
    """Beside config.json, whose absence the others are checked for."""
    own = {RUN.metrics_file, RUN.result_file, RUN.evaluation_file, RUN.data_file, RUN.checkpoints,
           RUN.tensorboard, RUN.classification_report, RUN.figure("samples"), RUN.pretrained("generator")}  # fmt: skip
    for path in own:
        assert any(path.match(name) for name in run_paths.RUN_FILES), path
    pictures = [*embedded_images.IMAGES, *embedded_images.CHARTS, "reconstructions.png"]
    assert set(pictures) <= set(run_paths.RUN_FILES)
    assert RUN.data_file.name not in run_paths.RUN_MARKS, "a common name is no mark of a run"


def test_partial_files_of_killed_processes_are_removed(tmp_path):
    running = f"another-host-{os.getppid()}"
    names = [f"{name}.{running}.partial" for name in ("config.json", "metrics.jsonl", "top3.png",
             "result.json", "evaluation.json", "evaluation_tsne.png", "mine.png", "notes.txt")]  # fmt: skip
    names += [f"G.weights.h5.{running}.partial.weights.h5"]
    for name in names:
        (tmp_path / name).touch()
    run_paths.RunPaths(tmp_path).remove_leftovers()
    assert [path.name for path in tmp_path.iterdir()] == [f"notes.txt.{running}.partial"]

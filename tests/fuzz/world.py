"""The whole inputs that readers share, each made when it is first needed."""

import dataclasses
import functools
import json
import pathlib
import shutil
from unittest import mock

import numpy as np
from PIL import Image
from support import file_contents, image_bytes, toy_methods

from export import export_main
from tf_ssgan.training import build, config, loop

CLASSES, STEPS = 3, 6  # checkpoints at steps 4 and 6


class World:
    """A toy run, its export and its data, in a folder of their own.

    Attributes:
        root: The folder.
    """

    def __init__(self, root: pathlib.Path):
        self.root = root

    def folder(self, name: str) -> pathlib.Path:
        """A folder of this name, made if missing."""
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    @functools.cached_property
    def data(self) -> pathlib.Path:
        """An npz data set of 40 training and 12 test images in 3 classes."""
        folder = self.folder("data")
        for name, count, seed in (("train", 40, 0), ("test", 12, 1)):
            pixels, _ = toy_methods.images(count, 8, seed)
            np.savez(folder / f"{name}.npz", image=pixels, label=np.arange(count) % CLASSES)
        return folder

    def settings(self, folder: pathlib.Path, steps: int = STEPS, seed: int = 0) -> config.Config:
        """The configuration of the toy run."""
        return config.configure(
            "supervised", f"npz:{self.data}", labels=6, width=4, batch_size=12, max_steps=steps,
            validation=6, precision="float32", seed=seed, workdir=str(folder),
        )  # fmt: skip

    @functools.cached_property
    def run(self) -> pathlib.Path:
        """A finished run with two checkpoints, and an evaluation; it may be damaged."""
        folder = self.root / "runs" / "toy"
        with mock.patch.object(loop, "MIN_EVALUATION_INTERVAL", 1):
            loop.run(self.settings(folder))
        name = f"npz:{self.data}"
        evaluation = file_contents.evaluation(
            STEPS,
            generator_scores=[file_contents.scores()],
            clusters=file_contents.clusters(),
            test_sets=[file_contents.judged_by(name)],
        )
        (folder / "evaluation.json").write_text(json.dumps(evaluation))
        return folder

    @functools.cached_property
    def other_run(self) -> pathlib.Path:
        """A copy of the run with another seed, which stays whole."""
        folder = self.root / "runs" / "other"
        shutil.copytree(self.run, folder)
        for name in ("config.json", "result.json"):
            path = folder / name
            path.write_text(json.dumps(json.loads(path.read_text()) | {"seed": 1}))
        return folder

    @functools.cached_property
    def built(self) -> build.Run:
        """The method of the run, into which checkpoints are loaded."""
        return build.build(self.settings(self.run))

    def rebuilt(self, folder: pathlib.Path) -> build.Run:
        """The same in another folder, at no step."""
        run = dataclasses.replace(self.built, config=self.settings(folder))
        run.method.step.assign(-1)
        return run

    @functools.cached_property
    def exported(self) -> pathlib.Path:
        """The export of the run: the folder of its version."""
        return export_main.export_run(self.run, self.root / "served").folder

    @functools.cached_property
    def pictures(self) -> pathlib.Path:
        """A folder of images: two classes with 6 training and 2 test images each."""
        folder = self.folder("pictures")
        generator = np.random.default_rng(0)
        for part, count in (("labeled", 6), ("test", 2)):
            for name in ("cat", "dog"):
                (folder / part / name).mkdir(parents=True)
                for number in range(count):
                    pixels = generator.integers(0, 256, (12, 12, 3), np.uint8)
                    path = folder / part / name / f"{number}.png"
                    path.write_bytes(image_bytes.encode(Image.fromarray(pixels)))
        return folder

"""What identifies a run, and how its settings are found. Imports TensorFlow only to ask a method.

Three layers, the later wins: the field's default, the method's recipe for this dataset (and number
of labels, and short runs), what the person says.
"""

import dataclasses
import hashlib
import json
import math
import pathlib
import re
from typing import Any, Literal

from tf_ssgan import methods
from tf_ssgan.common import errors, options
from tf_ssgan.common.options import option
from tf_ssgan.data import datasets, label_noise

SHORT_STEPS = 20_000  # a shorter run takes the recipe "short"
UNKNOWN_POOL = 50_000  # training images of a data set that is not there
LABELS_PER_CLASS = 10  # where no recipe knows the dataset
SMALL = 16  # pixels; own pictures up to this size take the recipe of digits, which have it
LEAST_SIZE = 8  # pixels; the networks halve images twice
EPOCHS = 300  # where no recipe knows the dataset; Salimans et al. (2016) take 900

# Where the data lie, where the files go and how many devices share the work do not change
# what a run computes.
_NOT_IDENTITY = ("data_dir", "workdir", "devices")
_LENGTH = ("epochs", "max_steps")
_RESOLVED = ("precision",)  # compared as what "auto" came to, which a checkpoint says


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything that identifies a run."""

    method: str = option("frgan", "Which method trains the classifier.")
    dataset: str = option("digits", "Which images: a known name, folder:DIR, csv:FILE or npz:DIR.")
    data_dir: str = option(
        "", "Folder of <dataset>/train.npz and test.npz, or of TFDS, or of a relative DIR or FILE."
    )
    image_size: int = option(
        0,
        "Height and width of images made of pictures (folder:, csv:); 0 takes their own size if "
        "they are squares of one size, else 32.",
        low=0,
    )
    channels: Literal["auto", "1", "3"] = option(
        "auto", "Channels of images made of pictures: 1 gray, 3 color, auto as the pictures are."
    )
    fit: Literal["resize", "crop", "pad"] = option(
        "resize", "How pictures of another shape become square: stretched, cut, or filled up."
    )
    labels: int = option(
        -2, "Labeled images in all; -1 for all, 0 for none, -2 for the recipe's number.", low=-2
    )
    label_split: Literal["balanced", "proportional"] = option(
        "balanced", "Labels: equally many of each class, or as frequent as in the pool."
    )
    validation: int = option(
        -1, "Training images held out for validation; -1 for the dataset's own share.", low=-1
    )
    noise: Literal["none", "wrong", "uniform", "permute", "pair"] = option(
        "none",
        "Label noise: a wrong class (Jiang et al. 2019, figure 4), any class, the label of another "
        "labeled image, as a permutation has it (Axelrod, Kashi and Pandey), or the next class "
        "(Han et al. 2018).",
    )
    # No range: `corruption` has it, from 0 to 1, and -1 lies beside it.
    noise_rate: float = option(
        -1.0, "Share of the labels that noise replaces; -1 for the kind's own: permute has 1."
    )
    clean_fraction: float = option(
        0.0,
        "Share of the labeled images that are known to be clean (0.05 for 5 %), which noise leaves "
        "alone; 0 for none.",
        low=0,
        high=1,
    )
    seed: int = option(0, "Seed of initial weights, order, augmentation and draws.", low=0)
    split_seed: int = option(-1, "Seed of which images are labeled; -1 takes --seed.", low=-1)
    epochs: int = option(0, "Passes over the unlabeled pool; 0 leaves it to --max_steps.", low=0)
    max_steps: int = option(0, "Length of the run in steps; 0 leaves it to --epochs.", low=0)
    workdir: str = option("", "Folder of the run; runs/<dataset>-... where not given.")
    devices: int = option(0, "Replicas on this machine; 0 for all GPUs, or the one CPU.", low=0)
    precision: Literal["auto", "float32", "mixed_bfloat16"] = option(
        "auto", "Number format of the layers; auto takes bfloat16 where it is fast."
    )
    deterministic: bool = option(False, "Only operations that give the same bits on a GPU too.")
    hparams: Any = None

    def __post_init__(self):
        """Refuses values out of range.

        Raises:
            UserError: Naming the flag, what was expected and what came.
        """
        options.check(self)
        _refuse_rate(self)
        if not datasets.is_user_images(self.dataset):
            _refuse_form(self)
        elif 0 < self.image_size < LEAST_SIZE:
            raise errors.UserError(
                f"--image_size must be {LEAST_SIZE} or more, or 0 for the pictures' own, got "
                f"{self.image_size}."
            )

    @property
    def form(self) -> datasets.Form:
        """The form of images that is wanted of pictures."""
        return datasets.Form(self.image_size, self.channels, self.fit)

    def as_flags(self) -> dict[str, Any]:
        """Every flag and its value, knobs included."""
        own = {f.name: getattr(self, f.name) for f in run_fields()}
        return own | (dataclasses.asdict(self.hparams) if self.hparams else {})

    def identity(self) -> dict[str, Any]:
        """The flags on which the result depends."""
        return {k: v for k, v in self.as_flags().items() if k not in _NOT_IDENTITY}

    def differences(self, other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
        """Flags of another run on which its result depends, its length apart: (theirs, ours)."""
        mine = self.identity()
        # Flags that were not there when the other run began have their defaults.
        other = {f.name: f.default for f in run_fields()} | other
        skipped = _LENGTH + _RESOLVED + _NOT_IDENTITY
        names = [k for k in dict.fromkeys([*other, *mine]) if k not in skipped]
        return {k: (other.get(k), mine.get(k)) for k in names if other.get(k) != mine.get(k)}


def run_fields() -> tuple[dataclasses.Field, ...]:
    """The fields that are flags of every run."""
    return tuple(f for f in dataclasses.fields(Config) if f.name != "hparams")


def settings(method: str, dataset: str, given: dict[str, Any]) -> dict[str, Any]:
    """All flags of a run: defaults, under the recipe, under what was given.

    Args:
        method: Name of a method; its module is imported.
        dataset: Name of a dataset.
        given: Flags that a person has set.

    Returns:
        Flag -> value; run flags and the method's knobs.
    """
    hparams = methods.find(method).HParams
    given = {k: v for k, v in given.items() if (k, v) != ("labels", -2)}
    defaults = {f.name: f.default for f in (*run_fields(), *dataclasses.fields(hparams))}
    own, like = {}, dataset
    if datasets.is_user_images(dataset):
        size = given.get("image_size") or datasets.user_image_size(dataset, given.get("data_dir"))
        # Whatever a recipe does to the labels of digits, a person's own stay as they are.
        own = {"labels": -1, "image_size": size, "noise": "none", "clean_fraction": 0.0}
        like = "digits" if size <= SMALL else dataset
        given = {k: v for k, v in given.items() if k != "image_size"}
    profile = str(given.get("profile") or defaults.get("profile", ""))
    recipe = hparams.recipe(like, given.get("labels"), profile=profile) | own
    if any(given.get(name) for name in _LENGTH):
        recipe = {k: v for k, v in recipe.items() if k not in _LENGTH}
    elif not any(name in recipe for name in _LENGTH):
        recipe |= {"epochs": EPOCHS}
    if _steps(hparams, dataset, defaults | recipe | given) < SHORT_STEPS:
        brief = hparams.recipe(like, given.get("labels"), short=True, profile=profile)
        recipe |= {k: v for k, v in brief.items() if k not in _LENGTH} | own
    merged = defaults | recipe | {"method": method, "dataset": dataset} | given
    if merged["labels"] == -2:
        merged["labels"] = LABELS_PER_CLASS * len(
            datasets.train_labels(dataset, merged["data_dir"] or None)[1]
        )
    if merged["split_seed"] == -1:
        merged["split_seed"] = merged["seed"]
    if merged["noise_rate"] == -1:
        merged["noise_rate"] = label_noise.OWN_RATES.get(merged["noise"], -1.0)
    return merged


def configure(method: str, dataset: str = "digits", **given: Any) -> Config:
    """Makes the configuration of a run.

    Args:
        method: Name of a method.
        dataset: Name of a dataset.
        **given: Any flag of a run or knob of the method.

    Returns:
        The configuration, its workdir settled.

    Raises:
        UserError: An unknown name, or a value out of range.
    """
    methods.check(method)
    values = settings(method, dataset, given)
    hparams = methods.find(method).HParams
    names = [f.name for f in dataclasses.fields(hparams)]
    run_names = [f.name for f in run_fields()]
    for name in values:
        if name not in names and name not in run_names:
            raise errors.UserError(
                f"{name} is no knob of {method}. {errors.nearest(name, names + run_names)}"
            )
    config = Config(
        **{k: values[k] for k in run_names}, hparams=hparams(**{k: values[k] for k in names})
    )
    return config if config.workdir else dataclasses.replace(config, workdir=_workdir(config))


def _steps(hparams: type, dataset: str, merged: dict[str, Any]) -> float:
    """About how many steps a run will have."""
    names = {f.name for f in dataclasses.fields(hparams)}
    examples = hparams(**{k: v for k, v in merged.items() if k in names}).unlabeled_examples
    try:
        pool = len(datasets.train_labels(dataset, merged["data_dir"] or None)[0])
    except errors.UserError:
        pool = UNKNOWN_POOL  # the data are looked for, and missed, when the run begins
    lengths = (merged["epochs"] * max(1, pool // examples), merged["max_steps"])
    return min((n for n in lengths if n > 0), default=math.inf)


def _refuse_form(config: Config) -> None:
    """Raises UserError where the form of images is asked for, of images that have theirs."""
    defaults = {f.name: f.default for f in run_fields()}
    asked = [k for k in ("image_size", "channels", "fit") if getattr(config, k) != defaults[k]]
    if asked:
        raise errors.UserError(
            f"--{asked[0]} is for folder:DIR and csv:FILE; the images of {config.dataset} have "
            "their own size and channels. Leave it out."
        )


def _refuse_rate(config: Config) -> None:
    """Raises UserError where the rate of noise is no fraction, or there is no noise to have one."""
    kind = config.noise
    if kind == "none" and config.hparams is None:
        kind = "uniform"  # any kind: a recipe that has not been looked at may name one
    if config.noise_rate != -1:
        label_noise.check(2, kind, config.noise_rate, 0)
    elif config.noise not in label_noise.OWN_RATES:
        raise errors.UserError(
            f"--noise={config.noise} needs --noise_rate, the share of the labels to replace, such "
            "as 0.3; 0 for none."
        )


def _workdir(config: Config) -> str:
    """runs/<dataset>-<labels>-<method>-s<seed>-<hash of the identity>."""
    digest = hashlib.sha256(json.dumps(config.identity(), sort_keys=True).encode()).hexdigest()
    slug = re.sub(r"[^A-Za-z0-9_.]+", "_", config.dataset).strip("_")[-40:]
    labels = "all" if config.labels == -1 else config.labels
    name = f"{slug}-{labels}-{config.method}-s{config.seed}-{digest[:8]}"
    return str(pathlib.Path("runs") / name)

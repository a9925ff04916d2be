"""The configuration of a run and how it is resolved. TensorFlow comes only with a method's module.

A setting has three sources, and the later ones win: the default of the field, the recipe of the
method for this dataset (and number of labels, and short runs), and the flags that you give.
"""

import dataclasses
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from tf_ssgan import methods
from tf_ssgan.common import errors, options
from tf_ssgan.common.options import LARGEST_SEED, option
from tf_ssgan.data import datasets, label_noise
from tf_ssgan.training import checked_flags, combinations, config_checks, recipes, run_folders

LARGEST_SIZE = 4_096  # pixels; networks for larger images than this train for weeks
LARGEST_FOLDS = 1_000  # runs of one command

# The places of data and files and the number of devices do not change what a run computes.
_NOT_IDENTITY = ("data_dir", "workdir", "devices")
_RESOLVED = ("precision",)  # compared by the resolved value in the checkpoint instead


@dataclasses.dataclass(frozen=True)
class Config:
    """All settings of a run."""

    method: str = option("frgan", "Method that trains the classifier.")
    dataset: str = option(
        "digits", "Dataset: a known name, folder:DIR, csv:FILE or npz:DIR.", path="dataset"
    )
    data_dir: str = option(
        "",
        "Folder with <dataset>/train.npz and test.npz, or with the data of TensorFlow Datasets, or "
        "the folder that a relative DIR or FILE is in.",
        path="folder",
    )
    image_size: int = option(
        0,
        "Height and width in pixels of images from image files (folder:, csv:); 0 keeps the size "
        "of the files if all are squares of one size, and takes 32 otherwise.",
        low=0,
        high=LARGEST_SIZE,
    )
    channels: Literal["auto", "1", "3"] = option(
        "auto",
        "Channels of images from image files: 1 is gray, 3 is color, auto follows the files.",
    )
    fit: Literal["resize", "crop", "pad"] = option(
        "resize",
        "How image files that are not square become square: resize stretches them, crop takes the "
        "center, pad adds black borders.",
    )
    labels: int = option(
        -2, "Number of labeled images; -1 for all, 0 for none, -2 for the recipe's number.", low=-2
    )
    label_split: Literal["balanced", "proportional"] = option(
        "balanced",
        "How labeled images are selected: equally many of each class, or each class as frequent as "
        "in the pool.",
    )
    validation: int = option(
        -1,
        "Training images held out for validation; -1 for the default of the dataset, which is a "
        "tenth, or none of a folder or table with fewer than 1,000 labeled images.",
        low=-1,
    )
    group_by: str = option(
        "",
        "Images of one patient, plant or video, never divided between training, held-out and test "
        "images: a regular expression for names of files within the folder of a class (folder:) "
        "whose first parentheses hold the group, a column (csv:) or an array (npz:).",
    )
    folds: int = option(
        0,
        "Divide the labeled images into so many folds and test each image once, by a run that "
        "learned from the others; 0 tests with the test images.",
        low=0,
        high=LARGEST_FOLDS,
    )
    fold: int = option(
        -1,
        "The fold that this run tests, from 0; -1 trains a run for each fold.",
        low=-1,
        high=LARGEST_FOLDS,
    )
    noise: Literal["none", "wrong", "uniform", "permute", "pair"] = option(
        "none",
        "Label noise: wrong gives another class (Jiang et al. 2019, figure 4), uniform any class, "
        "permute the label of another labeled image (Axelrod, Kashi and Pandey), pair the next "
        "class (Han et al. 2018).",
    )
    # `label_noise` checks the range from 0 to 1; -1 lies outside it.
    noise_rate: float = option(
        -1.0,
        "Fraction of the labels that noise replaces; -1 for the default of --noise (permute: 1).",
    )
    clean_fraction: float = option(
        0.0,
        "Fraction of the labeled images that are taken as clean (0.05 for 5 %), chosen at random, "
        "and that noise leaves alone; 0 for none, or if your data say which labels are checked.",
        low=0,
        high=1,
    )
    class_weight: Literal["none", "balanced"] = option(
        "none",
        "Weights of labeled images in the labeled loss: none weighs all the same, balanced weighs "
        "the classes the same, so that a label of a rare class counts more (1 on average).",
    )
    seed: int = option(
        0,
        "Seed of all random numbers of training, such as initial weights and augmentation.",
        low=0,
        high=LARGEST_SEED,
    )
    split_seed: int = option(
        -1,
        "Seed that selects the labeled and the held-out images, and the label noise; -1 takes "
        "--seed.",
        low=-1,
        high=LARGEST_SEED,
    )
    epochs: int = option(
        0,
        "Length of the run in passes over the unlabeled pool; 0 leaves it to --max_steps, or to "
        "the recipe.",
        low=0,
        high=10**6,
    )
    max_steps: int = option(
        0,
        "Length of the run in steps; 0 leaves it to --epochs, or to the recipe.",
        low=0,
        high=10**9,
    )
    workdir: str = option("", "Folder of the run; runs/<dataset>-... by default.", path="folder")
    devices: int = option(
        0,
        "Replicas on this machine; 0 for as many GPUs as can share a batch evenly, or for the CPU.",
        low=0,
        high=64,
    )
    precision: Literal["auto", "float32", "mixed_bfloat16"] = option(
        "auto", "Number format of the layers; auto takes bfloat16 if it is fast on this machine."
    )
    deterministic: bool = option(
        False, "Use only operations that give the same bits each time, on a GPU too."
    )
    hparams: Any = None
    # The dataset as the command line found it, so that it is looked up once; no setting. Without
    # a command line it is found anew for each use, because its files may have changed.
    source: datasets.DataSource | None = dataclasses.field(default=None, compare=False, repr=False)

    def __post_init__(self):
        """Refuses values out of range.

        Raises:
            UserError: A value is out of range; the message names the flag, the range and the value.
            ValueError: `source` is another dataset.
        """
        own, source = (self.dataset, self.data_dir, self.group_by), self.source
        if source and (source.name, source.data_dir, source.group_by) != own:
            raise ValueError(f"source is {self.source.name}, not {self.dataset}")
        options.check(self)
        config_checks.check(self, run_defaults())

    def find_source(self) -> datasets.DataSource:
        """The dataset of the run, as the command line found it, or found now.

        Raises:
            UserError: Its name is unknown.
        """
        if self.source and self.source.set_aside == (not self.folds):
            return self.source
        return datasets.find(self.dataset, self.data_dir, self.group_by, not self.folds)

    @property
    def image_spec(self) -> datasets.ImageSpec:
        """Size, channels and fit of the images that are made from image files."""
        return datasets.ImageSpec(self.image_size, self.channels, self.fit)

    @property
    def trains_all_folds(self) -> bool:
        """Whether it describes a run for each fold instead of one run."""
        return self.folds > 0 and self.fold < 0

    def of_fold(self, fold: int) -> "Config":
        """The configuration of the run of a fold, in a folder of its own."""
        folder = run_folders.of_fold(pathlib.Path(self.workdir), fold)
        return dataclasses.replace(self, fold=fold, workdir=str(folder))

    def as_flags(self) -> dict[str, Any]:
        """Every flag and its value, hyperparameters included."""
        own = {f.name: getattr(self, f.name) for f in run_fields()}
        return own | (dataclasses.asdict(self.hparams) if self.hparams else {})

    def identity(self) -> dict[str, Any]:
        """The flags on which the result depends."""
        return {k: v for k, v in self.as_flags().items() if k not in _NOT_IDENTITY}

    def differences(self, other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
        """Flags on which the result depends and that differ, without the length: (other, own)."""
        own = self.identity()
        # Flags that did not exist when the other run began have their defaults.
        same = self.hparams and other.get("method") == self.method
        other = run_defaults() | (options.added_since(type(self.hparams)) if same else {}) | other
        skipped = recipes.LENGTHS + _RESOLVED + _NOT_IDENTITY
        names = [k for k in dict.fromkeys([*other, *own]) if k not in skipped]
        return {k: (other.get(k), own.get(k)) for k in names if other.get(k) != own.get(k)}


def run_fields() -> tuple[dataclasses.Field, ...]:
    """The fields that are flags of every run."""
    return tuple(f for f in dataclasses.fields(Config) if f.name not in ("hparams", "source"))


def resolve_flags(
    method: str, dataset: str, given: dict[str, Any], source: datasets.DataSource | None = None
) -> dict[str, Any]:
    """Resolves all flags of a run: defaults, then the recipe, then the given flags.

    No images are decoded and nothing is downloaded.

    Args:
        method: Name of a method; its module is imported.
        dataset: Name of a dataset.
        given: Flags that you have set.
        source: The dataset, if the command line has found it.

    Returns:
        Flag -> value; the flags of every run and the hyperparameters of the method.

    Raises:
        UserError: The dataset is unknown, or a value depends on files that are missing.
    """
    if source is None:
        place = given.get("data_dir") or "", given.get("group_by") or ""
        source = datasets.find(dataset, *place, set_aside=not given.get("folds"))
    hparams = methods.find(method).HParams
    given = {k: v for k, v in given.items() if (k, v) != ("labels", -2)}
    defaults = {f.name: f.default for f in (*run_fields(), *dataclasses.fields(hparams))}
    given, recipe = recipes.find(hparams, source, given, defaults)
    merged = defaults | recipe | {"method": method, "dataset": dataset} | given
    merged["labels"] = recipes.number_of_labels(source, merged["labels"])
    if merged["split_seed"] == -1:
        merged["split_seed"] = merged["seed"]
    if merged["noise_rate"] == -1:
        merged["noise_rate"] = label_noise.DEFAULT_RATES.get(merged["noise"], -1.0)
    return merged


def configure(
    method: str,
    dataset: str = "digits",
    source: datasets.DataSource | None = None,
    **given: Any,
) -> Config:
    """Builds the configuration of a run.

    Args:
        method: Name of a method.
        dataset: Name of a dataset.
        source: The dataset, if the command line has found it.
        **given: Any flag of a run or hyperparameter of the method.

    Returns:
        The configuration, with its workdir.

    Raises:
        UserError: An unknown name, a value out of range, or values that do not go together.
    """
    check_names(method, given)
    values = resolve_flags(method, dataset, given, source)
    config = dataclasses.replace(from_flags(values), source=source)
    combinations.check(config, methods.find(method).Method)
    checked_flags.check_source(config, methods.find(method).Method)
    if config.workdir:
        return config
    return dataclasses.replace(config, workdir=str(run_folders.default(config)))


def check_names(method: str, names: Iterable[str]) -> None:
    """Checks that all names are flags of a run or hyperparameters of a method, which is imported.

    Raises:
        UserError: One is neither; the message suggests similar names.
    """
    own = [field.name for field in dataclasses.fields(methods.find(method).HParams)]
    known = own + [field.name for field in run_fields()]
    for name in names:
        if name not in known:
            nearest = errors.nearest(name, known)
            raise errors.UserError(f"{name} is not a hyperparameter of {method}. {nearest}")


def run_defaults() -> dict[str, Any]:
    """The flags of every run with their defaults."""
    return {field.name: field.default for field in run_fields()}


def check_run_flags(flags: Mapping[str, Any]) -> None:
    """Checks those of some flags that every run has.

    Raises:
        UserError: One has another type, or is out of range.
    """
    Config(**{name: flags[name] for name in run_defaults() if name in flags})


def from_flags(flags: Mapping[str, Any]) -> Config:
    """The configuration that `Config.as_flags` describes. No recipe is used, no data are looked up.

    Args:
        flags: Flags of every run, whose defaults are taken for those that are missing, and every
            hyperparameter of the method, whose module is imported. Runs of earlier versions may
            lack those of `options.added_since`.

    Raises:
        UserError: A hyperparameter is missing, a name is unknown, or a value is wrong.
    """
    check_run_flags(flags)
    method, run_names = flags["method"], run_defaults()
    methods.check(method)
    hparams = methods.find(method).HParams
    names = [field.name for field in dataclasses.fields(hparams)]
    own = {name: value for name, value in flags.items() if name not in run_names}
    own = options.added_since(hparams) | own
    if missing := [name for name in names if name not in own]:
        raise errors.UserError(f"{missing[0]} is missing, a hyperparameter of {method}.")
    if unknown := [name for name in own if name not in names]:
        raise errors.UserError(f"{unknown[0]} is not a hyperparameter of {method}.")
    return Config(
        **{name: flags.get(name, default) for name, default in run_names.items()},
        hparams=hparams(**own),
    )

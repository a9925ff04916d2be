"""Which flags do not go together: one table of rules, asked before images are read.

What only the data decide, such as how many labels there are, is asked when the run is built, and
which labels are checked in `checked_flags`.
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from tf_ssgan.common import errors


@dataclasses.dataclass(frozen=True)
class Rule:
    """A combination of flags that has no meaning.

    Attributes:
        holds: Takes the configuration and the class of its method; whether it is the combination.
        sentence: What is said, with names of flags in braces.
    """

    holds: Callable[[Any, Any], bool]
    sentence: str


def _exceeds_most_values(run: Any, method: Any, switch: str) -> bool:
    """Whether image files make images larger than a method takes, by the hyperparameter `switch`.

    Gray ones, if that is open.
    """
    channels = 1 if run.channels == "auto" else int(run.channels)
    most = method.most_values(run.hparams) or math.inf
    return hasattr(run.hparams, switch) and run.image_size**2 * channels > most


def _has_no_use_for(name: str, run: Any) -> bool:
    """Whether a hyperparameter is set for a wide residual network, which does not read it."""
    wide = getattr(run.hparams, "network", "").startswith("wrn_")
    default = getattr(type(run.hparams), name, None)
    return wide and getattr(run.hparams, name, None) != default


def _belongs_elsewhere(name: str, switch: str, value: str, run: Any) -> bool:
    """Whether a hyperparameter is set that only another value of a switch reads."""
    default, given = (getattr(of, name, None) for of in (type(run.hparams), run.hparams))
    return given != default and getattr(run.hparams, switch, value) != value


# Hyperparameter, and the switch with the value that reads it.
_OF_ANOTHER_FORM = (
    ("manifold_weight", "manifold_form", "dropout"),
    ("radius", "manifold_form", "dropout"),
    ("tangent_weight", "manifold_form", "tangent"),
    ("pull_away_weight", "spread", "pull_away"),
    ("code_weight", "spread", "variational"),
    ("components", "likelihood", "gaussian"),
)

# Each is refused.
RULES = (
    Rule(
        lambda run, method: method.needs_labels and run.labels == 0,
        "--method={method} learns from labels, and --labels=0 leaves none. Give it some labels.",
    ),
    Rule(
        lambda run, method: run.noise != "none" and run.labels == 0,
        "--noise={noise} changes labels, and --labels=0 leaves none. Leave --noise out, or give "
        "some labels.",
    ),
    Rule(
        lambda run, method: run.class_weight != "none" and run.labels == 0,
        "--class_weight={class_weight} weighs labels, and --labels=0 leaves none. Leave "
        "--class_weight out, or give some labels.",
    ),
    Rule(
        lambda run, method: run.class_weight != "none" and method.weighs_classes,
        "--method={method} balances classes by a rule of its own, which --class_weight="
        "{class_weight} would change. Leave --class_weight out.",
    ),
    Rule(
        lambda run, method: run.devices > 0 and run.hparams.batch_size % run.devices > 0,
        "--batch_size={batch_size} cannot be shared by {devices} replicas. Choose a multiple of "
        "{devices}.",
    ),
    *(
        Rule(
            lambda run, method, name=name: (
                run.devices > 0 and getattr(run.hparams, name, 0) % run.devices > 0
            ),
            f"--{name}={{{name}}} cannot be shared by {{devices}} replicas. Choose a multiple of "
            "{devices}.",
        )
        for name in ("labeled_per_batch", "unlabeled_per_batch")
    ),
    Rule(
        lambda run, method: not run.epochs and not run.max_steps,
        "--epochs=0 and --max_steps=0 leave no steps. Give one of them above 0.",
    ),
    Rule(
        lambda run, method: run.folds > 0 and run.labels == 0,
        "--folds={folds} measures how well the labels are learned, and --labels=0 leaves none. "
        "Leave one of them out.",
    ),
    Rule(
        lambda run, method: _exceeds_most_values(run, method, "normalization"),
        "--image_size={image_size} makes images that are too large to be whitened "
        "(--normalization). Give a smaller one, or --normalization=per_image or standardize.",
    ),
    Rule(
        lambda run, method: _exceeds_most_values(run, method, "likelihood"),
        "--image_size={image_size} makes images that are too large to be whitened "
        "(--likelihood=gaussian). Give a smaller one, or --likelihood=bernoulli.",
    ),
)

# Each is said when the run begins.
REMARKS = (
    Rule(
        lambda run, method: run.labels == 0,
        "No image is labeled: the classifier learns no names of classes, and its error is that of "
        "guessing.",
    ),
    Rule(
        lambda run, method: (
            run.clean_fraction > 0
            and run.noise == "none"
            and not (method.needs_noisy or method.prefers_clean)
        ),
        "--clean_fraction={clean_fraction} changes nothing here: {method} makes no difference "
        "between labels that are known to be right and others, and --noise=none changes none.",
    ),
    Rule(
        lambda run, method: _has_no_use_for("dropout", run),
        "--dropout={dropout} changes nothing here: wide residual networks have no dropout.",
    ),
    Rule(
        lambda run, method: _has_no_use_for("image_noise", run),
        "--image_noise={image_noise} changes nothing here: wide residual networks add no noise to "
        "images.",
    ),
    *(
        Rule(
            lambda run, method, of=of: _belongs_elsewhere(*of, run),
            f"--{of[0]}={{{of[0]}}} changes nothing here: it belongs to --{of[1]}={of[2]}.",
        )
        for of in _OF_ANOTHER_FORM
    ),
)


def check(settings: Any, method: Any) -> None:
    """Refuses combinations of flags that have no meaning.

    Args:
        settings: A `config.Config` with hyperparameters.
        method: The class of its method.

    Raises:
        UserError: One does not go with another; the message names them.
    """
    for sentence in _said(RULES, settings, method):
        raise errors.UserError(sentence)


def remarks(settings: Any, method: Any) -> list[str]:
    """Sentences on combinations of flags that may be meant otherwise; as `check`."""
    return _said(REMARKS, settings, method)


def _said(rules: tuple[Rule, ...], settings: Any, method: Any) -> list[str]:
    return [
        rule.sentence.format(**settings.as_flags())
        for rule in rules
        if rule.holds(settings, method)
    ]

"""The length of a run that a recipe gives in passes over the labeled images."""

import dataclasses

import pytest

from tf_ssgan.core import hparams
from tf_ssgan.data import datasets
from tf_ssgan.training import config, recipes


@dataclasses.dataclass(frozen=True)
class HParams(hparams.HParams):
    """A method with 40 passes over its labels, and a recipe for short runs."""

    RECIPES = {
        "digits": {"labels": 50, "labeled_epochs": 40, "batch_size": 20},
        "short": {"learning_rate": 0.5},
        "svhn": {"labeled_epochs": 40},
    }


def find(dataset, **given):
    defaults = config.run_defaults() | dataclasses.asdict(HParams())
    return recipes.find(HParams, datasets.find(dataset), given, defaults)[1]


@pytest.mark.parametrize("labels, steps", [(None, 120), (20, 40), (21, 80), (100, 200), (7, 40)])
def test_steps_follow_the_number_of_labels(labels, steps):
    given = {} if labels is None else {"labels": labels}
    assert find("digits", **given)["max_steps"] == steps
    assert "epochs" not in find("digits", **given)


def test_with_all_labels_it_is_passes_over_all_images():
    assert find("digits", labels=-1)["epochs"] == 40
    assert "max_steps" not in find("digits", labels=-1)


def test_without_a_number_of_labels_it_counts_the_usual_ones():
    assert find("svhn")["max_steps"] == 40  # 100 labels, 100 a step


@dataclasses.dataclass(frozen=True)
class Both(hparams.HParams):
    """3 passes over the labels, then 10 over the unlabeled pool."""

    RECIPES = {"svhn": {"labels": 1000, "labeled_epochs": 3, "unlabeled_epochs": 10}}


@pytest.mark.parametrize(
    "given, steps",
    [({}, 3 * 10 + 10 * 733), ({"labels": 250}, 3 * 3 + 10 * 733), ({"labels": -1}, 13 * 733),
     ({"batch_size": 50}, 3 * 20 + 10 * 1466)],
)  # fmt: skip
def test_passes_over_the_pool_may_follow_those_over_the_labels(given, steps):
    defaults = config.run_defaults() | dataclasses.asdict(Both())
    recipe = recipes.find(Both, datasets.find("svhn"), given, defaults)[1]
    assert recipe["max_steps"] == steps and "epochs" not in recipe


@pytest.mark.parametrize("given", [{"max_steps": 7}, {"epochs": 3}])
def test_a_length_that_is_given_wins(given):
    assert not {"max_steps", "epochs", "labeled_epochs"} & set(find("digits", **given))


@pytest.mark.parametrize("name", ["max_steps", "epochs"])
def test_a_length_of_0_leaves_it_to_the_recipe(name):
    assert find("digits", **{name: 0})["max_steps"] == 120
    assert config.configure("acgan", "fashion_mnist", **{name: 0}).max_steps == 5000


@pytest.mark.parametrize("labels, steps", [(40_000, 80_000), (-1, 120_000)])
def test_a_pass_counts_the_images_of_all_discriminator_steps(labels, steps):
    settings = config.configure("acgan", "fashion_mnist", labels=labels, critic_steps=5)
    length = recipes.approximate_steps(
        type(settings.hparams), settings.find_source(), settings.as_flags()
    )
    assert length == steps  # 1,000 passes of 500 images a step


def test_the_length_decides_whether_a_run_is_short():
    assert find("digits")["learning_rate"] == 0.5
    assert "learning_rate" not in find("digits", labels=10_000)  # 40 passes of 500 steps


@pytest.mark.parametrize("method", ["acgan", "acgan_trunc", "wacgan_gp", "wacgan_gpt", "alexnet",
                                    "supervised"])  # fmt: skip
@pytest.mark.parametrize("labels", [500, 2500, 40_000])
def test_dravids_methods_see_each_label_1000_times(method, labels):
    settings = config.configure(method, "fashion_mnist", labels=labels)
    assert (settings.max_steps, settings.epochs) == (10 * labels, 0)

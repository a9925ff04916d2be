"""Values of flags that have no meaning, alone or together."""

import pytest

from tf_ssgan.common import errors
from tf_ssgan.training import config


@pytest.mark.parametrize(
    "given, message",
    [
        ({"folds": 1}, "--folds=1: expected 2 or more, such as 5, or 0 for none."),
        ({"folds": -1}, "--folds=-1: expected at least 0"),
        ({"folds": 1_001}, "--folds=1001: expected at least 0 and at most 1000"),
        ({"fold": 0}, "--fold=0 needs --folds, the number of folds: --folds=5 --fold=0."),
        ({"folds": 5, "fold": 5}, "--fold=5: --folds=5 has the folds 0 to 4. Give one of them"),
        ({"folds": 5, "fold": -2}, "--fold=-2: expected at least -1"),
    ],
)
def test_a_fold_that_there_is_not_is_refused(given, message):
    with pytest.raises(errors.UserError) as refusal:
        config.Config(**given)
    assert str(refusal.value).startswith(message)


def test_a_run_is_of_one_fold_or_describes_all():
    assert not config.Config().trains_all_folds
    assert config.Config(folds=3).trains_all_folds
    assert not config.Config(folds=3, fold=0).trains_all_folds
    one = config.Config(folds=3, workdir="runs/x").of_fold(2)
    assert (one.folds, one.fold, one.workdir) == (3, 2, "runs/x/fold-2")


def test_images_without_a_size_of_their_own_have_one():
    with pytest.raises(errors.UserError, match="--image_size must be 8 or more, or 0"):
        config.Config(dataset="folder:x", image_size=7)
    with pytest.raises(errors.UserError, match="the images of digits have their own size"):
        config.Config(image_size=32)


def test_folds_without_labels_are_refused():
    with pytest.raises(errors.UserError, match="--folds=3 measures how well the labels are"):
        config.configure("improved_gan", folds=3, labels=0)

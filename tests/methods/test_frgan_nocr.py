"""FR-GAN without regularization."""

from support import toy_methods

from tf_ssgan import methods


def test_it_has_the_block_and_no_penalty():
    made = methods.find("frgan_nocr").Method(toy_methods.hparams("frgan_nocr"), toy_methods.task())
    assert "recalibration" in [layer.name for layer in made.classifier.layers]
    assert "consistency" not in made.reports
    assert not hasattr(made.hp, "consistency_weight")


def test_it_makes_one_pass_over_the_unlabeled_images():
    made = methods.find("frgan_nocr").Method(toy_methods.hparams("frgan_nocr"), toy_methods.task())
    assert tuple(made.streams()["unlabeled"].views) == ("first",)

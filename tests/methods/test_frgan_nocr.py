"""FR-GAN without its consistency penalty."""

from support import toy_methods

from tf_ssgan import methods


def built():
    return methods.find("frgan_nocr").Method(toy_methods.hparams("frgan_nocr"), toy_methods.task())


def test_it_has_the_block_and_no_penalty():
    method = built()
    assert "recalibration" in [layer.name for layer in method.classifier.layers]
    assert "consistency" not in method.reports
    assert not hasattr(method.hp, "consistency_weight")


def test_it_has_one_view_of_the_unlabeled_images():
    method = built()
    assert tuple(method.streams()["unlabeled"].views) == ("first",)

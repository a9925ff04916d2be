"""FR-GAN without recalibration."""

from support import toy_methods

from tf_ssgan import methods
from tf_ssgan.nn import weights


def test_it_lacks_exactly_the_block():
    def parameters(name):
        made = methods.find(name).Method(toy_methods.hparams(name, width=16), toy_methods.task())
        return weights.parameter_count(made.classifier), [
            layer.name for layer in made.classifier.layers
        ]

    with_block, names = parameters("frgan")
    without, fewer = parameters("frgan_nose")
    assert with_block - without == 2 * 32 * 2
    assert "recalibration" in names and "recalibration" not in fewer


def test_it_keeps_the_penalty():
    assert "consistency" in methods.find("frgan_nose").Method.reports

"""FR-GAN without its squeeze-and-excitation block."""

from support import toy_methods

from tf_ssgan import methods
from tf_ssgan.nn import weights


def test_only_the_block_is_missing():
    def parameters_and_layers(name):
        method = methods.find(name).Method(toy_methods.hparams(name, width=16), toy_methods.task())
        return weights.parameter_count(method.classifier), [
            layer.name for layer in method.classifier.layers
        ]

    with_block, layers_with_block = parameters_and_layers("frgan")
    without_block, layers_without_block = parameters_and_layers("frgan_nose")
    assert with_block - without_block == 2 * 32 * 2
    assert "recalibration" in layers_with_block
    assert "recalibration" not in layers_without_block


def test_it_has_the_penalty():
    assert "consistency" in methods.find("frgan_nose").Method.reports

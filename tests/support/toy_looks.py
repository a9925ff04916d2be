"""Looks at the pools of the toy task, and looks whose predictions are given."""

import numpy as np

from support import toy_methods
from tf_ssgan.nn import inference


class ToyLook:
    """A look of a method at the toy pools."""

    def __init__(self, method, checked: int = 0):
        self.pools = toy_methods.pools(method)
        self.asked = False  # which labels are known to be right
        self.first_checked = np.arange(toy_methods.LABELED) < checked

    def predict(self, network, pool, *outputs):
        """Outputs of the network for all images of a pool."""
        images = self.pools[pool]
        made = inference.outputs(network)(images.images[images.ids])
        found = {name: made[name].numpy().astype(np.float32) for name in outputs}
        return found if images.labels is None else found | {"label": images.labels}

    def checked(self):
        """The first few labels, or none."""
        self.asked = True
        return self.first_checked

    def progress(self, title, total):
        """Shows nothing."""
        return lambda pieces: None


class GivenLook(ToyLook):
    """A look with given predictions.

    Args of its constructor: method and checked as above, and an output, an array for each, or a
    function from the network to one.
    """

    def __init__(self, method, checked: int = 0, **given):
        super().__init__(method, checked)
        self.given = given

    def predict(self, network, pool, *outputs):
        """What was given, and the labels of the pool."""
        found = {k: self.given[k](network) if callable(self.given[k]) else self.given[k]
                 for k in outputs}  # fmt: skip
        labels = self.pools[pool].labels
        return found if labels is None else found | {"label": labels}

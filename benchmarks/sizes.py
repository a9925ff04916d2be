"""The sizes that steps are measured at: by default, those of the methods' own hyperparameters.

Prints them as JSON, for a process that must not import TensorFlow.
"""

import dataclasses
import json
import sys

import steps

from tf_ssgan import methods


def paper_size(method: str) -> steps.Size:
    """The size of a method's paper: the defaults of its hyperparameters, and its paper's images."""
    step, defaults = steps.STEPS[method], methods.find(method).HParams
    return steps.Size(
        **step.images,
        batch=defaults.batch_size,
        width=defaults.width,
        latent=getattr(defaults, "latent_size", 0),
        depth=defaults.depth if isinstance(step, steps.WideResNetStep) else 0,
    )


if __name__ == "__main__":
    print(json.dumps({name: dataclasses.asdict(paper_size(name)) for name in sys.argv[1:]}))

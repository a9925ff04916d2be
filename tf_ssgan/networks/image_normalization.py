"""What networks do to images first: none of it is trained, and all of it is exported with them.

    none             x in [-1, 1]
    standardize      mean 0 and standard deviation 1 of each channel over the data set
    per_image        mean 0 and root mean square 1 of each image, over all its pixels and channels:
                     Laine and Aila (2017) on SVHN, public code
    zca              ZCA whitening of intensities in [0, 1] with 1e-5 under the root: Laine and
                     Aila on CIFAR-10, public code (that of Salimans and Kingma 2016)
    contrast_zca     mean 0 and norm 55 of each image, then ZCA whitening with .1 under the root:
                     Tarvainen and Valpola (2017) on CIFAR-10, public code
    standardize_zca  standardize, then ZCA whitening: Verma et al. (2019) on CIFAR-10, public code.
                     They add 1e-6 to 1 / sqrt(variance), less than a ten thousandth of it; here
                     1e-6 is added to the variance, so that small ones cannot be divided by.

Here a view is moved first and normalized then, as in the code of Verma et al. The codes of Laine
and Aila and of Tarvainen and Valpola normalize images first and move the normalized ones.

The published codes whiten by all training images, this one by the unlabeled pool, whose images it
may know, and before the first step (`nn.layers.Whiten`).
"""

from typing import Literal

import keras

from tf_ssgan.common import errors
from tf_ssgan.core import task
from tf_ssgan.nn import layers

Kind = Literal["none", "standardize", "per_image", "zca", "contrast_zca", "standardize_zca"]
CONTRAST = 55.0  # norm of an image of Tarvainen and Valpola
# Added to variances. Laine and Aila's, of intensities in [0, 1], is 4 times as large in [-1, 1].
FLOORS = {"zca": 4e-5, "contrast_zca": 0.1, "standardize_zca": 1e-6}
# Whitening multiplies by a matrix of the square of it: 64 MiB, in each checkpoint too.
MOST_WHITENED = 4096


def normalized(
    images: keras.KerasTensor, task: task.Task, kind: Kind, dtype: str | None = None
) -> keras.KerasTensor:
    """Applies a normalization to images.

    Args:
        images: [batch, h, w, c] in [-1, 1].
        task: Statistics of the data set.
        kind: Which one.
        dtype: Number format of "standardize"; None for the global one. The others are float32.

    Returns:
        The same shape.

    Raises:
        UserError: The images are too large to be whitened.
    """
    values = task.height * task.width * task.channels
    if kind in FLOORS and values > MOST_WHITENED:
        raise errors.UserError(
            f"--normalization={kind} whitens images of at most {MOST_WHITENED:,} values, and these "
            f"have {values:,} ({task.height}x{task.width}x{task.channels}). Give "
            "--normalization=per_image or standardize, or smaller images (--image_size, for image "
            "files)."
        )
    x = images
    if kind.startswith("standardize"):
        dtype = "float32" if kind in FLOORS else dtype
        x = layers.Standardize(task.mean, task.std, dtype=dtype)(x)
    elif kind in ("per_image", "contrast_zca"):
        x = layers.Contrast(CONTRAST if kind in FLOORS else None)(x)
    return layers.Whiten(FLOORS[kind])(x) if kind in FLOORS else x

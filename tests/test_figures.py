"""Pictures of a judged classifier."""

import numpy as np
import tensorflow as tf

from tf_ssgan import figures


def test_the_confusion_figure_is_a_picture():
    png = figures.confusion_figure(np.array([[3, 1], [0, 4]]), ("cat", "dog"))
    assert tf.io.decode_png(png).shape[2] in (3, 4)

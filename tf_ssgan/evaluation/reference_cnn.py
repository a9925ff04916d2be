"""The network of the reference classifier: small, for minutes of training on two cores.

    input, its larger side averaged down to at most 48 pixels
    conv3 32, conv3 32, max pool 2
    conv3 64, conv3 64, max pool 2
    conv3 128, conv3 128, global mean = features     128
    dense                                            classes

Each convolution is followed by batch normalization and ReLU. Images of more than 48 pixels a side
are first averaged over 2 x 2 pixels, or 3 x 3, and so on: the scores do not see what a generator
does in single pixels. The network comes from no paper: it is accurate enough, quick to train, and
unlike the methods' own networks.
"""

import keras

from tf_ssgan.nn import layers

NAME = "small_cnn/1"  # another number whenever network or training change
CHANNELS = (32, 64, 128)
LARGEST_SIDE = 48


def classifier(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Builds the network, in the global number format.

    Args:
        shape: Height, width and channels of the images.
        classes: How many.

    Returns:
        float32 [n, h, w, c] in [-1, 1] -> {"features": float32 [n, 128],
        "logits": float32 [n, classes]}.
    """
    images = keras.Input(shape, name="images")
    x = images
    if (shrink := -(-max(shape[:2]) // LARGEST_SIDE)) > 1:
        x = keras.layers.AveragePooling2D(shrink, padding="same")(x)
    for stage, channels in enumerate(CHANNELS):
        if stage:
            x = keras.layers.MaxPooling2D(2, padding="same")(x)
        for _ in range(2):
            x = keras.layers.Conv2D(channels, 3, padding="same", use_bias=False)(x)
            x = keras.layers.ReLU()(layers.BatchNorm()(x))
    features = keras.layers.GlobalAveragePooling2D(name="features", dtype="float32")(x)
    logits = keras.layers.Dense(classes, name="logits", dtype="float32")(features)
    return keras.Model(images, {"features": features, "logits": logits}, name="reference_cnn")

"""The encoder of Bad GAN, which tells the latents of a generated image (Dai et al. 2017, code).

`w` is the width, 64 there.

    input                                          32 x 32 x 3
    conv5 2w stride 2, BN, ReLU                    16 x 16 x 2w
    conv5 4w stride 2, BN, ReLU                    8 x 8 x 4w
    conv5 8w stride 2, BN, ReLU                    4 x 4 x 8w
    dense, weight norm                             mean 100 [and log of the scale 100]

It mirrors the generator (`dcgan`), for images of other sizes too. With w = 64, 3 channels, and mean
and scale of 100 latents, there are 5,746,192 parameters, 200 gains included. Batch normalization
has scale and shift.
"""

import keras

from tf_ssgan.core import task
from tf_ssgan.networks import dcgan
from tf_ssgan.nn import layers


def encoder(
    task: task.Task, latent_size: int = 100, width: int = 64, scales: bool = True
) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape.
        latent_size: Length of the latent vector.
        width: One eighth of the channels of the last map.
        scales: Whether it has a second output, the logarithm of the standard deviations.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"mean": float32 [batch, latent_size]}, and
        "log_scale" likewise.
    """
    images = keras.Input(task.image_shape, name="images")
    x = images
    for channels in (*reversed(dcgan.map_channels(task, width)), 8 * width):
        x = layers.Conv(channels, 5, stride=2, weight_norm=False, bias=False)(x)
        x = keras.layers.ReLU()(layers.BatchNorm(scaled=True)(x))
    x = keras.layers.Flatten()(x)
    units = 2 * latent_size if scales else latent_size
    codes = layers.Dense(units, initial_scale=0.1, name="codes", dtype="float32")(x)
    outputs = {"mean": codes[:, :latent_size]}
    if scales:
        outputs["log_scale"] = codes[:, latent_size:]
    return keras.Model(images, outputs, name="encoder")

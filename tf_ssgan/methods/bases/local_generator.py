"""A generator G(z, x) of images near a given one: its latents, samples and tangents.

Samples are drawn near some training images, the anchors, which a checkpoint keeps.
"""

import numpy as np
import tensorflow as tf

from tf_ssgan.core import monitoring
from tf_ssgan.core.sampler import Sampler
from tf_ssgan.methods.bases import gan, manifold
from tf_ssgan.nn import tangents

ANCHORS = 64  # training images near which samples are drawn
SHOWN, SHOWN_TANGENTS = 6, 5  # images and tangents of each in the picture


class LocalGeneratorMethod(manifold.TangentMethod, gan.GAN):
    """A method whose generator has the inputs latents, z ~ U[0, 1], and image."""

    def make_anchors(self) -> None:
        """Makes room for the images near which samples are drawn; `initialize` sets them."""
        start = np.zeros((ANCHORS, *self.task.image_shape), np.float32)
        self.anchors = self.buffer("anchors", start)

    def latents(self, rows: int) -> tf.Tensor:
        """Latents z ~ U[0, 1]^latent_size, for this replica: float32 [rows, latent_size].

        Args:
            rows: Number of latent vectors.
        """
        return self.step_random().uniform(rows, self.hp.latent_size)

    def sampler(self) -> Sampler:
        """The generator, with latents and anchors."""
        return Sampler(self.generator, self._inputs, self._fixed_latents, near_images=True)

    def tangents_at(
        self, images: tf.Tensor, axes: list[tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """G(0, x) and its derivatives along axes of the latents, in inference mode.

        Args:
            images: x, float32 [rows, h, w, c].
            axes: float32 [rows, latent_size] each.

        Returns:
            float32 [rows, h, w, c], and one of the same shape for each axis.
        """
        corner = tf.zeros([images.shape[0], self.hp.latent_size])
        draw = lambda z: self.generator([z, images], training=False)  # noqa: E731
        return tangents.tangents(draw, corner, axes)

    def monitors(self) -> tuple[monitoring.ImageRows, ...]:
        """The picture of some images, what G makes of them at z = 0, and tangents there."""
        titles = ("x", "G(0, x)", *["tangent"] * min(self.hp.tangents, SHOWN_TANGENTS))
        return (monitoring.ImageRows("tangents", self._tangent_rows, SHOWN, titles),)

    def initialize(self, images: tf.Tensor) -> None:
        """Sets the anchors, and initializes D from images and G's output layer from latents."""
        rows = tf.range(ANCHORS) % images.shape[0]
        self.anchors.assign(tf.gather(images, rows))
        super().initialize(images)

    def _inputs(self, rows: int) -> list[tf.Tensor]:
        anchors = self.step_random().integers(rows, low=0, high=ANCHORS)
        return [self.latents(rows), tf.gather(self.anchors.value, anchors)]

    def _fixed_latents(self, rows: int) -> list[tf.Tensor]:
        """Latents beside an anchor each: eight images in a row of samples are near the same."""
        z = tf.random.stateless_uniform([rows, self.hp.latent_size], [self.task.seed, 1])
        anchors = tf.range(rows) // (ANCHORS // 8) % ANCHORS
        return [z, tf.gather(self.anchors.value, anchors)]

    def _tangent_rows(self, images: tf.Tensor) -> tf.Tensor:
        """x, G(0, x) and some tangents, each scaled to its largest value, as rows."""
        axes = self.axes(images.shape[0])[:SHOWN_TANGENTS]
        center, columns = self.tangents_at(images, axes)
        largest = [tf.reduce_max(tf.abs(t), [1, 2, 3], keepdims=True) for t in columns]
        scaled = [t / tf.maximum(top, 1e-12) for t, top in zip(columns, largest, strict=True)]
        return tf.stack([images, center, *scaled], axis=1)

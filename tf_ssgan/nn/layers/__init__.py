"""Layers that Keras lacks, or has in a form that is wrong or slow for these methods.

Weight normalization with data-dependent initialization, spectral normalization, batch normalization
over the global batch whose statistics can be frozen for a pass, dropout, noise and samples from the
random numbers of the step, squeeze-and-excitation, attention, fixed layers that normalize images,
the class as further channels, dense layers of several inputs, values of pixels and images of them,
what denoises a unit of a ladder network, and leaky ReLUs.
"""

from tf_ssgan.nn.layers.attention import ChannelAttention, PositionAttention
from tf_ssgan.nn.layers.batch_norm import (
    BatchNorm,
    MeanOnlyBatchNorm,
    MeasuredBatchNorm,
    batch_moments,
)
from tf_ssgan.nn.layers.contrast import Contrast
from tf_ssgan.nn.layers.fixed import Blocks, FixedLayer, settle_fixed_layers
from tf_ssgan.nn.layers.gauss_combinator import GaussCombinator
from tf_ssgan.nn.layers.gaussian_sample import GaussianSample, sample_gaussian
from tf_ssgan.nn.layers.join_class import JoinClass
from tf_ssgan.nn.layers.joined_dense import JoinedDense, OneHot
from tf_ssgan.nn.layers.leaky_relu import LeakyReLU
from tf_ssgan.nn.layers.noise import Dropout, GaussianNoise
from tf_ssgan.nn.layers.pass_modes import (
    frozen_statistics,
    recalibration,
    statistics_are_frozen,
)
from tf_ssgan.nn.layers.pixel_values import Likelihood, PixelImages, PixelValues
from tf_ssgan.nn.layers.spectral_norm import SpectralConv
from tf_ssgan.nn.layers.squeeze_excite import SqueezeExcite
from tf_ssgan.nn.layers.standardize import Standardize
from tf_ssgan.nn.layers.weight_norm import Conv, ConvTranspose, Dense, initialize_from_data
from tf_ssgan.nn.layers.whiten import Unwhiten, Whiten

__all__ = [
    "BatchNorm",
    "Blocks",
    "ChannelAttention",
    "Contrast",
    "Conv",
    "ConvTranspose",
    "Dense",
    "Dropout",
    "FixedLayer",
    "GaussCombinator",
    "GaussianNoise",
    "GaussianSample",
    "JoinClass",
    "JoinedDense",
    "LeakyReLU",
    "Likelihood",
    "MeanOnlyBatchNorm",
    "MeasuredBatchNorm",
    "OneHot",
    "PixelImages",
    "PixelValues",
    "PositionAttention",
    "SpectralConv",
    "SqueezeExcite",
    "Standardize",
    "Unwhiten",
    "Whiten",
    "batch_moments",
    "frozen_statistics",
    "initialize_from_data",
    "recalibration",
    "sample_gaussian",
    "settle_fixed_layers",
    "statistics_are_frozen",
]

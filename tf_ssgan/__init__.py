"""Semi-supervised GAN classifiers in Keras and TensorFlow.

Importing this package does not import TensorFlow; many of its modules do.
"""

from tf_ssgan.common.version import __version__

__all__ = ["__version__"]

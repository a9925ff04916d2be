"""Semi-supervised GAN classifiers in Keras and TensorFlow.

Importing this package does not import TensorFlow; its modules do.
"""

__version__ = "0.1.0"

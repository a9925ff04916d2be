"""The localized GAN at toy size."""

# The shift in front of the generator's first dense layer cancels in the batch normalization behind
# it. Its gradient is rounding, which Adam makes a whole step of, and other devices round otherwise.
TOY = {"learning_rate": 1e-5}

"""Triple-GAN's players at toy size."""

# Half of the units of so narrow a classifier are its only ones.
TOY = {"generator_width": 4, "discriminator_width": 4, "dropout": 0.0, "input_dropout": 0.0}

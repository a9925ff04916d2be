"""Triple-GAN's players at toy size."""

TOY = {"generator_width": 4, "discriminator_width": 4}

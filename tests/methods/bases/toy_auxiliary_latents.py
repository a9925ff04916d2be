"""Generative classifiers with an auxiliary latent at toy size."""

TOY = {"samples": 2}

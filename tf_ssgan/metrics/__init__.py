"""Metrics of classifiers and generators, and figures of them."""

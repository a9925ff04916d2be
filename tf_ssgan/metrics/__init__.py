"""Measures of classifiers and generators, and the plots of them."""

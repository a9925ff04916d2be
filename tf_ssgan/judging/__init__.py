"""Judging what a run has learned to draw, and two classifiers beside each other."""

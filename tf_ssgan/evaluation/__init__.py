"""Evaluation of trained runs: what a generator draws, and two classifiers beside each other."""

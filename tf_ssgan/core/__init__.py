"""The contract of a method: task, hyperparameters, players, stages and the base class."""

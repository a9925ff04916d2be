"""What every method is built on: task, hyperparameters, players, stages and the base class."""

"""Where images come from: archives, TensorFlow Datasets, and the files of a user."""

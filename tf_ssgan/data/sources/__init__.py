"""Where images come from: NumPy archives, TensorFlow Datasets, and user images."""

"""The data of a run: data sets, which images are labeled, label noise, and batches."""

"""What is learned from: data sets, who is labeled, wrong labels, and batches."""

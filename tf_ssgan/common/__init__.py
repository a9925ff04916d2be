"""What everything may use: errors, options, files, processor cores. Imports nothing of ours."""

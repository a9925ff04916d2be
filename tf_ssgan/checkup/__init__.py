"""What `python -m tf_ssgan.doctor` looks at: machine, data, and a few steps of each method."""

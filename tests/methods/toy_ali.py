"""ALI at toy size."""

TOY = {"width": 8}  # dropout leaves too little of a discriminator of 4 channels

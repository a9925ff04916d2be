"""Building blocks of networks and training steps: layers, losses, schedules, random numbers."""

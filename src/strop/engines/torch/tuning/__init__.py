"""The tuning loop and what it stands on: loss, checkpoints, kept layers, several processes, memory, estimate."""

"""What moves of a base: the methods, and how their weights are joined, merged and kept apart."""

"""Weights as files of other programs: from GGUF, to GGUF."""

"""strop fine-tunes small language models on evidence, and keeps them sharp."""

__version__ = "0.1.0"

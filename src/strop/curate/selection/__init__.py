"""Which training rows, when not all can be taken."""

"""From sealed items to a decision that can be recomputed."""

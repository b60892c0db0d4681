"""From per-item scores to a candidate's numbers and the paired difference of two."""

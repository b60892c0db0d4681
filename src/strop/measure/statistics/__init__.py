"""Numbers with their uncertainty: intervals, tests, power, agreement, bounds that hold at every moment."""

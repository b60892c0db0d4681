"""When two rows are the same, and which are: it depends on what the task's answers are."""

"""Rows in, doubts about them to people and back, and the history of each."""

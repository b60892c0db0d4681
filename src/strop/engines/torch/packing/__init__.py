"""Shared beginnings once: the tree of a batch's sequences, its rows, and attention among ancestors only."""

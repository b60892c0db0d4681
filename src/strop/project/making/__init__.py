"""Candidates and their reports: prompts, adapters, incumbents, and what they are learned from."""

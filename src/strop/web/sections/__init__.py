"""Sections of a page: whom a verdict compares, what its protocol asked, where it is weak, what was weighed."""

"""How a text is written: style rules of one's own and of Vale, readability, keywords."""

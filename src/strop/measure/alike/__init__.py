"""Which texts are near copies of others: shingles, quotes, rewritings, disguises."""

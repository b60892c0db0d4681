"""Whether a held-out row is given away: repeated, quoted, rewritten or disguised."""

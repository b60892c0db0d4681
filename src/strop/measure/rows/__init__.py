"""What rows say of each other: points and neighbours of texts, labels foretold, which rows to take."""

"""Score labels and write texts, with what items share computed once."""

"""What may be wrong with rows: by their own surface, by the other rows, by what models say of them."""

from strop import measure


def test_public_names_are_sorted_and_there() -> None:
    assert measure.__all__ == sorted(measure.__all__)
    assert all(hasattr(measure, name) for name in measure.__all__)

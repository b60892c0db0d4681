from strop import measure


def test_public_names_are_there_once() -> None:
    assert len(set(measure.__all__)) == len(measure.__all__)  # their order is ruff's
    assert all(hasattr(measure, name) for name in measure.__all__)

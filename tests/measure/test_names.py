import pytest

from strop.evaluate.kinds.catalogue import BUILT_IN
from strop.measure import display_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("macro_f1", "macro F1"),
        ("rouge_l", "ROUGE-L"),
        ("entity_f1_partial", "partial entity F1"),
        ("attribute_inclusion", "attribute inclusion"),
        ("brand_voice", "brand voice"),
    ],
)
def test_measures_are_called_as_people_call_them(name: str, shown: str) -> None:
    assert display_name(name) == shown


def test_no_measure_of_ours_is_shown_as_a_machine_writes_it() -> None:
    for name in BUILT_IN:
        shown = display_name(name)
        assert "_" not in shown and " f1" not in f" {shown}" and not shown.endswith(" l")

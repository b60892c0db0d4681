"""What strop names itself is no personal data, whatever its digits look like."""

from __future__ import annotations

from strop.curate.drafts import Draft
from strop.curate.personal import mask, masker


def test_a_judgements_id_is_found_again_although_its_digits_look_like_an_account() -> None:
    own, told = "jdg_01a21696-e73d-7f93-8200-762749564373", "call +49 170 1234567 about DE89 3704 0044 0532 0130 00"
    hide = masker(b"k" * 32, [], None)
    rows = [Draft("rows.jsonl", 1, None, turns=(("user", "hello"),), reference="a", name=name) for name in (own, told)]
    for row in rows:
        mask(row, hide, labelled=True)
    assert rows[0].name == own and rows[1].name is not None and "3704" not in rows[1].name

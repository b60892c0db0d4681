"""Which reviews give rows, which of them are sealed, and that none is used twice."""

from __future__ import annotations

import pytest
from scipy import stats

from strop.feedback import is_sealed, rows, usable
from strop.records import Interaction, Judgement, Message, new_id

KEY = b"k" * 32


def interaction(identity: str, *, label: str | None = None) -> Interaction:
    return Interaction(
        id=identity, release="rel_1", candidate="cand_a", arm="release", complete=True, answer=label or "A mug.",
        label=label, messages=(Message(role="system", content="s"), Message(role="user", content="u")),
        created="2026-01-01T00:00:00.000+00:00",
    )  # fmt: skip


def review(
    subject: str, opinion: str = "fix", correction: str | None = "Better.", *, at: int = 0, trusted: bool = True,
    kind: str = "review", edits: str | None = None,
) -> Judgement:  # fmt: skip
    value = {"opinion": opinion} | ({"correction": correction} if correction is not None else {})
    return Judgement(
        id=new_id("jdg"), subject=subject, kind=kind, value=value, by="anna", trusted=trusted, edits=edits,  # type: ignore[arg-type]
        created=f"2026-01-02T00:00:{at:02}",
    )  # fmt: skip


TEXT, LABEL = {"int_1": interaction("int_1")}, {"int_1": interaction("int_1", label="refunds")}


@pytest.mark.parametrize(
    ("given", "interactions", "gives"),
    [
        (review("int_1"), TEXT, True), (review("int_1", trusted=False), TEXT, False),
        (review("int_1", kind="correction"), TEXT, False), (review("int_1", "fix", "  "), TEXT, False),
        (review("int_1", "good", None), TEXT, False), (review("int_1", "good", None), LABEL, True),
        (review("int_1", "good", None, trusted=False), LABEL, False), (review("int_2"), TEXT, False),
        (review("int_1", "cannot_judge", None), LABEL, False),
    ],
)  # fmt: skip
def test_what_gives_a_row(given: Judgement, interactions: dict[str, Interaction], gives: bool) -> None:
    assert bool(usable([given], interactions, [])) == gives


def test_a_confirmed_label_is_its_own_row() -> None:
    train, sealed = rows([review("int_1", "good", None)], LABEL, KEY)
    assert (train + sealed)[0]["messages"][-1] == {"role": "assistant", "content": "refunds"}


def test_no_answer_gives_two_rows() -> None:
    first, second = review("int_1", at=1), review("int_1", correction="Best.", at=2)
    assert usable([second, first], TEXT, []) == [second]
    assert usable([second, first], TEXT, [first.id]) == []
    edited = review("int_1", correction="Edited.", at=0, edits=second.id)
    assert usable([first, second, edited], TEXT, []) == [first]


def test_a_third_is_sealed_by_chance_and_stays_so() -> None:
    made = [review(f"int_{number}") for number in range(3_000)]
    sealed = [is_sealed(one, KEY) for one in made]
    assert stats.binomtest(sum(sealed), 3_000, 1 / 3).pvalue > 1e-4
    assert sealed == [is_sealed(one, KEY) for one in made]
    assert sealed != [is_sealed(one, b"x" * 32) for one in made]


def test_every_row_names_its_judgement_and_goes_to_one_split() -> None:
    interactions = {f"int_{n}": interaction(f"int_{n}") for n in range(60)}
    made = [review(identity) for identity in interactions]
    train, sealed = rows(made, interactions, KEY)
    names = [one["meta"]["id"] for one in train + sealed]
    assert sorted(names) == sorted(one.id for one in made) and 8 <= len(sealed) <= 32
    roles = [(turn["role"], turn["content"]) for turn in train[0]["messages"]]
    assert roles == [("system", "s"), ("user", "u"), ("assistant", "Better.")]

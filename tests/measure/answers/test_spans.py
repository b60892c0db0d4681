import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nervaluate import Evaluator

from strop.measure.answers.fields import read_json
from strop.measure.answers.spans import Entity, entity_counts, entity_counts_by_type, f1, invented, read_entities

SOURCE = "Aspirin and ibuprofen caused renal failure; aspirin was stopped."
GOLD = [
    Entity("Aspirin", "Chemical", 0, 7),
    Entity("ibuprofen", "Chemical", 12, 21),
    Entity("renal failure", "Disease", 29, 42),
    Entity("aspirin", "Chemical", 44, 51),
]


def said(*pairs: tuple[str, str]) -> tuple[Entity, ...]:
    return read_entities([{"text": text, "type": kind} for text, kind in pairs])


def test_texts_stand_for_their_places() -> None:
    answer = said(
        ("aspirin", "Chemical"), ("ibuprofen", "Chemical"), ("renal failure", "Disease"), ("Aspirin", "Chemical")
    )
    assert entity_counts(GOLD, answer, source=SOURCE) == (4, 0, 0)


def test_saying_it_three_times_is_one_too_many() -> None:
    answer = said(*[("aspirin", "Chemical")] * 3)
    assert entity_counts(GOLD, answer, source=SOURCE) == (2, 1, 2)


def test_the_four_ways_to_agree() -> None:
    answer = said(("failure", "Disease"), ("ibuprofen", "Disease"))
    counts = {
        a: entity_counts(GOLD, answer, agreement=a, source=SOURCE) for a in ("strict", "exact", "partial", "type")
    }
    assert counts == {"strict": (0, 2, 4), "exact": (1, 1, 3), "partial": (1.5, 0.5, 2.5), "type": (1, 1, 3)}


def test_matching_is_the_best_not_the_first() -> None:
    gold = [Entity("renal failure", "Disease", 29, 42), Entity("failure", "Disease", 35, 42)]
    answer = [Entity("failure", "Disease", 35, 42), Entity("renal", "Disease", 29, 34)]
    assert entity_counts(gold, answer, agreement="type") == (2, 0, 0)
    assert entity_counts(gold, answer, agreement="partial") == (1.5, 0.5, 0.5)


def test_without_source_words_decide() -> None:
    gold = said(("renal failure", "Disease"))
    assert entity_counts(gold, said(("Renal  Failure", "disease"))) == (1, 0, 0)
    assert entity_counts(gold, said(("acute failure", "Disease")), agreement="partial") == (0.5, 0.5, 0.5)
    assert entity_counts(gold, said(("pain", "Disease")), agreement="partial") == (0, 1, 1)


def test_nothing_said_and_nothing_there() -> None:
    assert entity_counts(GOLD, []) == (0, 0, 4)
    assert entity_counts([], said(("x", "y"))) == (0, 1, 0)
    assert f1((0, 0, 0)) == 1
    assert f1((0, 1, 0)) == 0


def test_what_is_no_entity_counts_as_wrong() -> None:
    answer = read_entities(json.loads('[{"txt": "aspirin"}, 7, {"text": "Aspirin", "type": "Chemical"}]'))
    assert entity_counts(GOLD, answer, source=SOURCE) == (1, 2, 3)
    assert read_entities({"entities": [{"text": "a", "type": "b"}]}) == (Entity("a", "b"),)
    assert read_entities(read_json("I found aspirin").value) == ()


def test_by_type_and_invented() -> None:
    answer = said(("aspirin", "Chemical"), ("cough", "Disease"))
    assert entity_counts_by_type(GOLD, answer, source=SOURCE) == {"Chemical": (1, 0, 2), "Disease": (0, 1, 1)}
    assert invented(answer, SOURCE) == (answer[1],)


spans = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3), st.sampled_from("AB")), max_size=4)


def _apart(raw: list[tuple[int, int, str]]) -> list[Entity]:
    """Spans that do not overlap within one side: there nervaluate's greedy matching is the best one too, mostly."""
    position, result = 0, []
    for gap, length, kind in raw:
        start = position + gap
        result.append(Entity("x" * length, kind, start, start + length))
        position = start + length
    return result


@given(spans, spans)
def test_strict_and_exact_equal_nervaluate(first: list, second: list) -> None:
    gold, predicted = _apart(first), _apart(second)
    if not gold and not predicted:
        return
    as_dicts = [[{"label": e.type, "start": e.start, "end": e.end - 1} for e in side] for side in (gold, predicted)]
    theirs = Evaluator([as_dicts[0]], [as_dicts[1]], tags=["A", "B"], loader="dict").evaluate()["overall"]
    for agreement in ("strict", "exact"):
        hits, wrong, missed = entity_counts(gold, predicted, agreement=agreement)
        assert hits == theirs[agreement].correct
        assert hits + wrong == theirs[agreement].actual
        assert hits + missed == theirs[agreement].possible


def test_counts_are_never_above_the_entities() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        gold = _apart([(int(g), int(n), "AB"[k]) for g, n, k in rng.integers((0, 1, 0), (5, 4, 2), size=(4, 3))])
        answer = _apart([(int(g), int(n), "AB"[k]) for g, n, k in rng.integers((0, 1, 0), (5, 4, 2), size=(5, 3))])
        values = [entity_counts(gold, answer, agreement=a)[0] for a in ("strict", "partial")]
        assert values[0] <= values[1] <= min(len(gold), len(answer))


def test_f1_is_the_harmonic_mean() -> None:
    assert f1((6, 2, 4)) == pytest.approx(2 / (8 / 6 + 10 / 6))

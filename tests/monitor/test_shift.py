"""Windows that never change once they are full; drift that is told from the noise of clustered sessions."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from strop.measure.statistics.drift import embedding_drift
from strop.monitor import Answer, Traffic, drift, windows


def traffic(
    rng: np.random.Generator, sessions: int, *, shift: float = 0.0, prefix: str = "s", labels: str = "aabc"
) -> Traffic:
    """Sessions of some turns each that resemble each other."""
    rows, keys, answers = [], [], []
    for number in range(sessions):
        centre = rng.normal(size=16) + shift
        label = str(rng.choice(list(labels)))
        for _ in range(int(rng.integers(1, 8))):
            rows.append(centre + 0.3 * rng.normal(size=16))
            keys.append(f"{prefix}{number}")
            answers.append(Answer(keys[-1], label, float(rng.beta(8, 2)), 10))
    return Traffic(np.asarray(rows, dtype=np.float32), tuple(keys), answers)


def advice(reference: Traffic, current: list[Traffic]) -> dict[str, str]:
    return {finding.name: finding.advice for finding in drift(reference, current)}


def test_sessions_that_stick_together_are_no_drift() -> None:
    alarms = 0
    for seed in range(3):
        rng = np.random.default_rng(seed)
        reference = traffic(rng, 80)
        seen = [traffic(rng, 45, prefix=f"w{number}-") for number in range(7)]
        alarms += sum("retrain" in advice(reference, seen[: end + 1]).values() for end in range(len(seen)))
    assert alarms <= 1


def test_a_shift_must_show_twice_running() -> None:
    rng = np.random.default_rng(1)
    reference, quiet = traffic(rng, 80), traffic(rng, 45, prefix="q")
    moved = [traffic(rng, 45, shift=1.0, prefix=f"m{number}-") for number in range(2)]
    assert advice(reference, [quiet, moved[0]])["what is asked"] == "look"
    assert advice(reference, moved)["what is asked"] == "retrain"
    assert advice(reference, [moved[0], quiet])["what is asked"] == "healthy"
    assert advice(reference, moved[:1])["what is asked"] == "look"


def test_two_windows_that_are_unlikely_alone_are_enough_together() -> None:
    rng = np.random.default_rng(9)
    reference = traffic(rng, 80)
    moved = [traffic(rng, 45, shift=0.32, prefix=f"m{number}-") for number in range(2)]
    each = [
        embedding_drift(reference.embeddings, w.embeddings, sessions=(reference.sessions, w.sessions)) for w in moved
    ]
    assert all(one.p <= 0.01 and not one.found() for one in each)
    assert advice(reference, moved)["what is asked"] == "retrain"
    assert advice(reference, moved[:1])["what is asked"] == advice(reference, moved[1:])["what is asked"] == "healthy"


def test_answers_that_move_are_told_from_questions_that_do() -> None:
    rng = np.random.default_rng(2)
    reference = traffic(rng, 80)
    moved = [traffic(rng, 45, prefix=f"m{number}-", labels="cccd") for number in range(2)]
    found = advice(reference, moved)
    assert found == {
        "what is asked": "healthy", "which labels are answered": "retrain", "how sure the answers are": "healthy"
    }  # fmt: skip


def test_a_model_that_abstains_more_often_is_seen_where_there_is_a_threshold() -> None:
    """Labels and questions stay as they were; twice as many answers lie below the threshold, in every session."""
    rng = np.random.default_rng(5)
    reference, windows_ = traffic(rng, 80), [traffic(rng, 45, prefix=f"w{number}-") for number in range(2)]

    def with_threshold(seen: Traffic, every: int) -> Traffic:
        told = [answer._replace(abstain=number % every == 0) for number, answer in enumerate(seen.answers)]
        return seen._replace(answers=told)

    name = "how often the model abstains"
    steady = advice(with_threshold(reference, 10), [with_threshold(window, 10) for window in windows_])
    assert steady[name] == "healthy" and len(steady) == 4
    moved = advice(with_threshold(reference, 10), [with_threshold(window, 2) for window in windows_])
    assert moved == steady | {name: "retrain"}
    assert name not in advice(reference, [with_threshold(window, 2) for window in windows_]), "without a threshold"


def test_texts_are_compared_by_their_length() -> None:
    rng = np.random.default_rng(3)

    def texts(sessions: int, longest: int, prefix: str) -> Traffic:
        made = traffic(rng, sessions, prefix=prefix)
        return made._replace(answers=[Answer(k, None, 0.0, int(rng.integers(1, longest))) for k in made.sessions])

    reference = texts(80, 100, "s")
    found = advice(reference, [texts(45, 400, "a"), texts(45, 400, "b")])
    assert found["how long answers are"] == "retrain" and set(found) == {"what is asked", "how long answers are"}


def test_a_reference_that_knows_no_noise_says_nothing() -> None:
    rng = np.random.default_rng(4)
    assert drift(traffic(rng, 5), [traffic(rng, 45)]) == []
    assert drift(traffic(rng, 80), []) == []


@given(st.integers(0, 30), st.integers(1, 7), st.integers(0, 10))
def test_a_full_window_never_changes(count: int, size: int, more: int) -> None:
    made = list(range(count + more))
    before, after = windows(made[:count], size), windows(made, size)
    assert after[: len(before)] == before
    assert all(len(window) == size for window in after) and len(after) == (count + more) // size

import numpy as np
import pytest

from strop.measure.statistics import drift
from strop.measure.statistics.drift import distribution_drift, embedding_drift, label_drift, number_drift


def traffic(rng: np.random.Generator, sessions: int, shift: float = 0.0, size: int = 4) -> tuple[np.ndarray, list[str]]:
    """Embeddings whose sessions have topics of their own."""
    topics = rng.normal(size=(sessions, 8))
    topics[:, 0] += shift
    rows = np.repeat(topics, size, axis=0) + rng.normal(scale=0.3, size=(sessions * size, 8))
    return rows, [f"s{k // size}" for k in range(sessions * size)]


def test_a_shift_is_found_and_has_a_size() -> None:
    rng = np.random.default_rng(0)
    reference, first = traffic(rng, 60)
    current, second = traffic(rng, 50, shift=3)
    result = embedding_drift(reference, current, sessions=(first, second))
    assert result.found()
    assert result.effect > 3 * result.floor
    assert (result.reference, result.current) == (60, 50)
    smaller = embedding_drift(reference, traffic(rng, 50, shift=0.7)[0], sessions=(first, second))
    assert smaller.effect < result.effect


def test_energy_distance_equals_scipy_in_one_dimension() -> None:
    """On the circle of unit vectors the chord is the distance; two points a side make it a sum by hand."""
    before, after = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[-1.0, 0.0], [0.0, -1.0]])
    chord = lambda a, b: float(np.linalg.norm(a - b))  # noqa: E731
    across = np.mean([chord(a, b) for a in before for b in after])
    within = chord(*before) / 2 + chord(*after) / 2
    result = embedding_drift(before, after)
    assert result.effect == pytest.approx((across - within) / across, rel=1e-5)


def test_sessions_without_drift_stay_silent() -> None:
    """20 windows of one long stream: at most one alarm; rows shuffled as if independent would raise many."""
    rng = np.random.default_rng(1)
    reference, first = traffic(rng, 50)
    alarms = naive = 0
    for _ in range(20):
        current, second = traffic(rng, 25)
        alarms += embedding_drift(reference, current, sessions=(first, second)).found(0.05)
        naive += embedding_drift(reference, current).p <= 0.05
    assert alarms <= 1
    assert naive >= 10


def test_the_effect_is_zero_on_average_without_drift() -> None:
    rng = np.random.default_rng(2)
    effects = []
    for _ in range(30):
        (a, s), (b, t) = traffic(rng, 20), traffic(rng, 20, size=6)
        effects.append(embedding_drift(a, b, sessions=(s, t)).effect)
    assert abs(np.mean(effects)) < 2.5 * np.std(effects) / np.sqrt(30)


def test_labels_that_move() -> None:
    rng = np.random.default_rng(3)
    before = rng.choice(["a", "b", "c"], size=400, p=[0.5, 0.3, 0.2]).tolist()
    same = rng.choice(["a", "b", "c"], size=300, p=[0.5, 0.3, 0.2]).tolist()
    moved = rng.choice(["a", "b", "d"], size=300, p=[0.3, 0.3, 0.4]).tolist()
    assert not label_drift(before, same).found()
    result = label_drift(before, moved)
    assert result.found()
    assert result.effect == pytest.approx(0.4, abs=0.06)


def test_a_model_that_grows_unsure_is_seen_in_its_probabilities() -> None:
    rng = np.random.default_rng(7)

    def answers(count: int, sure: float) -> list[dict[str, float]]:
        rows = rng.dirichlet([1, 1, 1], size=count) * (1 - sure)
        rows[np.arange(count), rng.integers(0, 3, count)] += sure
        return [dict(zip("abc", map(float, row), strict=True)) for row in rows]

    assert distribution_drift(answers(200, 0.8), answers(150, 0.5)).found()
    assert not distribution_drift(answers(200, 0.8), answers(150, 0.8)).found()


def test_one_talkative_session_is_no_drift() -> None:
    rng = np.random.default_rng(4)
    before = rng.choice(["a", "b"], size=100).tolist()
    after = rng.choice(["a", "b"], size=30).tolist() + ["a"] * 60
    sessions = ([f"r{k}" for k in range(100)], [f"c{k}" for k in range(30)] + ["loud"] * 60)
    assert label_drift(before, after).p < 0.01
    assert not label_drift(before, after, sessions=sessions).found()


def test_numbers_by_the_references_quantiles() -> None:
    rng = np.random.default_rng(5)
    assert number_drift(rng.normal(size=300), rng.normal(0.8, 1, size=200)).found()
    assert not number_drift(rng.normal(size=300), rng.normal(size=200)).found()
    assert not number_drift([1.0] * 50, [1.0] * 30).found()


def test_the_same_answer_each_time_and_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    (a, s), (b, t) = traffic(rng, 100), traffic(rng, 80, shift=1.5)
    assert embedding_drift(a, b, sessions=(s, t)) == embedding_drift(a, b, sessions=(s, t))
    monkeypatch.setattr(drift, "MOST_ROWS", 300)
    thin = embedding_drift(a, b, sessions=(s, t))
    assert thin.found()
    assert 40 <= thin.reference + thin.current <= 110


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="each side needs two"):
        label_drift(["a"], ["a", "b"])
    with pytest.raises(ValueError, match="dimensions"):
        embedding_drift(np.ones((3, 2)), np.ones((3, 4)))
    with pytest.raises(ValueError, match="session keys"):
        label_drift(["a", "b"], ["a", "b"], sessions=(["s"], ["t", "u"]))
    with pytest.raises(ValueError, match="empty"):
        number_drift([], [1.0])

"""Suite, Report, Decision: what was measured, and what it means."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from strop.records.base import JSON, Record

How = Literal["mean", "micro_f1", "macro_f1", "matthews", "ece", "aurc", "bleu"]
"""How per-item results become one number: mean of values; F1 of summed (tp, fp, fn); F1 averaged over gold labels;
Matthews correlation, calibration error and area under risk and coverage of labels; BLEU of summed counts."""

Verdict = Literal["promote", "refuse", "not_enough_evidence"]
CheckVerdict = Literal["pass", "fail", "undecided", "missing"]


class Measured(Record):
    """A number with its interval: value, two-sided bounds at ``level``, how many independent items stand behind it.

    ``items``: how many items those are, where several of one group count as one; None: as many as ``n``.
    """

    value: float
    low: float
    high: float
    n: int
    items: int | None = None
    method: str = ""
    level: float = 0.95


class MeasureSpec(Record):
    """A measure as it was used: ``signature`` names every setting that could change the number."""

    name: str
    how: How
    higher_is_better: bool = True
    primary: bool = False
    signature: str = ""


class ItemResult(Record):
    """One item's answer and what each measure made of it.

    ``scores`` holds a number for "mean", a triple (tp, fp, fn) for "micro_f1", ten counts for "bleu", nothing for what
    reads ``gold``, ``label`` and ``probabilities`` ("macro_f1", "matthews", "ece", "aurc"). A measure that does not
    apply to the item is absent. ``cost``: money that the answer took where somebody else's machine gave it. ``drawn``:
    further answers to the item, drawn at a temperature, where a measure asks for several. ``part``: of cross-fitted
    rows, the part that was held out from the model that answered, from 1 on; None: the candidate itself answered.
    """

    example: str
    answer: str
    gold: str | None = None
    label: str | None = None
    probabilities: dict[str, float] = Field(default_factory=dict)
    scores: dict[str, float | tuple[float, ...]] = Field(default_factory=dict)
    stopped: bool = True
    seconds: float = 0.0
    tokens: int = 0
    cost: float | None = None
    drawn: tuple[str, ...] = ()
    cluster: str | None = None
    slices: dict[str, str] = Field(default_factory=dict)
    part: int | None = None


class Suite(Record):
    """Items and measures. ``sealed`` items are opened by ``decide`` only."""

    id: str
    name: Literal["domain", "general"]
    split: Literal["validation", "test", "general", "cross_fit", "secrets"]
    items: tuple[str, ...]
    measures: tuple[MeasureSpec, ...]
    sealed: bool = False


class Report(Record):
    """Candidate × suite. ``items`` is the artifact hash of the per-item results (JSONL of ItemResult)."""

    id: str
    candidate: str
    method: str
    suite: str
    suite_name: Literal["domain", "general"]
    split: str
    n: int
    measures: dict[str, Measured]
    specs: tuple[MeasureSpec, ...]
    slices: dict[str, dict[str, dict[str, Measured]]] = Field(default_factory=dict)
    items: str
    signature: dict[str, JSON]
    latency_ms: Measured | None = None
    memory_bytes: int | None = None
    not_measured: dict[str, str] = Field(default_factory=dict)
    created: str


class Needed(Record):
    """What would settle an undecided check: further items (of a slice), and about how many expert minutes.

    ``groups``: in about so many groups, where items of one hang together; None: each by itself. ``chance``: how likely
    they settle it, if the number stays where it is. None: for certain, or not known.
    """

    items: int
    groups: int | None = None
    slice: str | None = None
    minutes: float | None = None
    chance: float | None = None


class Check(Record):
    """One criterion of a decision, with its numbers.

    ``n`` counts what ``unit`` names, and of items those that are independent; ``items``: how many they are with all of
    each group, where they hang together. Decisions from before it was noted have no unit.
    """

    name: str
    verdict: CheckVerdict
    value: float | None = None
    low: float | None = None
    high: float | None = None
    margin: float | None = None
    n: int | None = None
    items: int | None = None
    unit: str = ""
    detail: str = ""
    needed: Needed | None = None


class RightLabels(Record):
    """How many of ``n`` labels a candidate has right; of the same items the best cheaper rung and a constant answer.

    ``rung``: that rung in words; ``constant``: the label that takes no model, the commonest of the training rows.
    """

    right: int
    n: int = Field(ge=1)
    rung: str | None = None
    rung_right: int | None = None
    constant: str | None = None
    constant_right: int | None = None


class Decision(Record):
    """May this candidate go live? Append-only; names the reports and the protocol that it rests on.

    ``swapped`` is the artifact hash of the candidate's answers, each judged as the answer to another item;
    ``constant`` that of the answers that take no model (always the commonest label, the input handed back);
    ``pairs`` are the blind pairs that people were asked to judge, ``judgements`` what they said of them and of its
    going live. ``spent_before``: the α that earlier openings spent on its items. ``opening``: the seal of its look in
    the record of openings. ``best_before``: the day from which it should be measured again, for data change.
    ``right_labels``: where the primary measure does not say how many those are. ``weaker``: the slice of which the
    sentence says that it does worse than the rest, as ``language=de``.
    ``digest``: a hash over all of it, its reports and the artifacts of their items; kept elsewhere, it shows what was
    replaced since.
    """

    id: str
    candidate: str
    verdict: Verdict
    sentence: str
    checks: tuple[Check, ...]
    needed: Needed | None
    protocol: dict[str, JSON]
    protocol_hash: str
    reports: dict[str, str]
    rungs: tuple[str, ...]
    swapped: str = ""
    constant: str = ""
    pairs: tuple[str, ...] = ()
    judgements: tuple[str, ...] = ()
    dataset: str
    test_uses: int
    spent_before: float = 0.0
    opening: str = ""
    alpha: float
    by: str
    best_before: str = ""
    right_labels: RightLabels | None = None
    weaker: str = ""
    digest: str = ""
    created: str


class Step(Record):
    """One rung that the ladder climbed.

    ``latency``, and ``monthly`` (what a month's requests cost): with their intervals, where answers were timed or
    charged apart. ``memory_bytes``: what weights and adapter hold, which is counted and has none.
    """

    candidate: str
    name: str = ""
    method: str
    base: str | None
    report: str
    measures: dict[str, Measured]
    latency_ms: float | None
    latency: Measured | None = None
    memory_bytes: int | None
    cpu_seconds: float | None
    cost: float | None
    monthly: Measured | None = None


class Weighed(Record):
    """What a further rung (``spec``) was held to cost and to gain before it was tried or left, and what came of it.

    Money is in the unit of ``costs:``; None: not known. ``over``: the candidate that it would replace. ``hours``,
    ``making``: the machine's, to tune and judge it. ``serving``: what a month's answers would cost more (less, below
    0) than those of ``over``. ``price``: making, and serving over ``months``. ``gain``: likely, of the primary measure;
    ``most``: as far as perfect. ``worth``: of the likely gain over these months; None without ``costs.point``.
    Once it was tried, ``gained``: what it gained over ``over``; ``paid``: the price by what was measured; ``outcome``
    says both in words.
    """

    name: str
    spec: str
    over: str
    months: int
    hours: float | None = None
    making: float | None = None
    serving: Measured | None = None
    price: float | None = None
    gain: float | None = None
    most: float | None = None
    worth: float | None = None
    gained: Measured | None = None
    paid: float | None = None
    sentence: str = ""
    outcome: str = ""


class Ladder(Record):
    """The climb: every rung tried, the pick, and why it stopped.

    ``failed``: rungs without a candidate, and why. ``returns``: sentences on what the pick costs and saves.
    ``weighed``: the rungs beyond what is always tried, each with its price and likely gain. ``items``: the validation
    items in words, with their groups. ``foreseen``: whether the test items would show the pick's gain, in sentences.
    ``command``: what comes next.
    """

    id: str
    dataset: str
    steps: tuple[Step, ...]
    pick: str
    because: str
    fine_tune: str
    failed: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()
    weighed: tuple[Weighed, ...] = ()
    items: str = ""
    foreseen: str = ""
    command: str = "strop decide"
    created: str

"""Brand voice: does an answer obey the style guide, and does it sound like the house's own examples?

A classifier (TF-IDF and logistic regression) learns voice from two files of examples: answers that are on voice, and
answers that are not. It is only used when it tells held-out examples of the two apart for certain.
"""

from __future__ import annotations

import functools
import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from strop.engines.base import TrainItem, TrainPlan
from strop.errors import InputError, SettingsError
from strop.evaluate.answers import Answer
from strop.evaluate.kinds.guide import Guide
from strop.evaluate.measures import Measure
from strop.measure import style_share, wilson
from strop.records import JSON, Example, Message, Spec, silent
from strop.settings import Settings, named_file

if TYPE_CHECKING:
    from strop.engines.classical import ClassicalModel

NAME = "brand_voice"
_ON, _OFF = "on", "off"
_FEWEST = 20
"""Examples of either side; fewer could not be told to differ."""
_FOLDS = 5
_KEYS = ("output", "completion", "answer", "response", "text")


def voice_measure(settings: Settings, project: Path, guide: Guide | None) -> Measure | None:
    """The measure; None when ``task.voice`` names no examples.

    Raises InputError for a file that holds no texts, SettingsError when the two cannot be told apart.
    """
    named = settings.task.voice
    if named is None:
        return None
    on = _texts(named_file(project, named.on, key="task.voice.on"), named.on)
    off = _texts(named_file(project, named.off, key="task.voice.off"), named.off)
    digest = hashlib.sha256(json.dumps([on, off], ensure_ascii=False).encode()).hexdigest()[:12]

    def score(example: Example, answer: Answer) -> float:
        """1 when the answer breaks no rule of the style guide that applies, and a classifier that learned from on-voice
        and off-voice examples (``task.voice``) finds it likelier on voice than off; else 0.
        """
        if guide is not None and style_share(answer.text, guide.rules, example.expect) < 1:
            return 0.0
        return float(share_on_voice(on, off, answer.text) > 0.5)

    rules = {"guide": guide.digest} if guide else {}
    return Measure(NAME, "mean", score, settings={"examples": digest, "by": "tf-idf", **rules})


def share_on_voice(on: tuple[str, ...], off: tuple[str, ...], text: str) -> float:
    """Probability that a text is on voice rather than off, both being equally common.

    Raises SettingsError when held-out examples of the two cannot be told apart for certain.
    """
    _proven(on, off)
    model = _learned(on, off)
    return float(model.probabilities([text])[0][model.labels.index(_ON)])


@functools.lru_cache(maxsize=8)
def _proven(on: tuple[str, ...], off: tuple[str, ...]) -> float:
    """The share of held-out examples that are told right, both sides counting the same; five folds."""
    shares, bounds = [], []
    rights = {_ON: 0, _OFF: 0}
    for fold in range(_FOLDS):
        rest = tuple(tuple(t for n, t in enumerate(side) if n % _FOLDS != fold) for side in (on, off))
        model = _train(*rest)
        for side, texts in ((_ON, on), (_OFF, off)):
            table = model.probabilities(texts[fold::_FOLDS])
            rights[side] += int((table[:, model.labels.index(side)] > 0.5).sum())
    for side, texts in ((_ON, on), (_OFF, off)):
        shares.append(rights[side] / len(texts))
        bounds.append(wilson(rights[side], len(texts)).low)
    if sum(bounds) / 2 <= 0.5:
        raise SettingsError(
            f"task.voice: of held-out examples {shares[0]:.0%} on voice and {shares[1]:.0%} off voice are told right: "
            "that could be chance",
            remedy="give more examples, or such that differ by voice and not by topic",
            key=("task", "voice"),
        )
    return sum(shares) / 2


@functools.lru_cache(maxsize=8)
def _learned(on: tuple[str, ...], off: tuple[str, ...]) -> ClassicalModel:
    return _train(on, off)


def _train(on: Sequence[str], off: Sequence[str]) -> ClassicalModel:
    from strop.engines.classical import ClassicalEngine

    items = tuple(
        TrainItem(example=f"{side} {n}", messages=(Message(role="user", content=text),), answer=side)
        for side, texts in ((_ON, on), (_OFF, off))
        for n, text in enumerate(texts)
    )
    engine = ClassicalEngine()
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        plan = TrainPlan(spec=Spec.of("classical", labels=(_ON, _OFF)), seed=0, train=items, settings={})
        engine.train(plan, None, folder=at / "model", work=at / "work", on_event=silent)
        return engine.open(None, at / "model")


def _texts(path: Path, named: str) -> tuple[str, ...]:
    """One text a row: the last answer of a conversation, the answer column of a JSON row, or the line itself."""
    found = [_text(line, named, number) for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)]
    texts = tuple(dict.fromkeys(text for text in found if text))
    if len(texts) < _FEWEST:
        raise InputError(
            f"task.voice: {len(texts)} different texts", source=named, remedy=f"at least {_FEWEST} on each side"
        )
    return texts


def _text(line: str, named: str, number: int) -> str:
    if not line.lstrip().startswith("{"):
        return line.strip()
    try:
        row: JSON = json.loads(line)
        if isinstance(row.get("messages"), list):
            return str(row["messages"][-1]["content"]).strip()
        return str(next(row[key] for key in _KEYS if key in row)).strip()
    except (ValueError, KeyError, IndexError, TypeError, StopIteration, AttributeError):
        raise InputError(
            "task.voice: a row without an answer",
            source=named,
            line=number,
            remedy=f"give messages or one of {', '.join(_KEYS)}, or plain text, a line each",
        ) from None

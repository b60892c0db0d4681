"""General ability: has the model forgotten anything? Own items in small tasks, picked per base by a floor test.

Each item is a short prompt with two to four whole answers. The model's log probabilities over them, made a
distribution, give the share of the right one. It moves with every small shift of the model, so that two candidates can
be told apart by far fewer items than right-or-wrong would need.

Most answers are whole sentences that begin alike and end differently. A bare last word ("sofa." or "ceiling.") would
also ask how readily the model answers in one word, which tuning changes without harm to ability; behind a beginning
that both answers share, such a shift falls on both alike.

How many items of each task are looked at follows from the margin of the question: a wide margin is settled by few.

The floor test drops whole tasks, never single items that the base fails: what stayed would be partly its lucky hits,
and every other model, equally able, would seem to have lost something.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path

from strop import durable
from strop.engines.base import Model
from strop.errors import InputError
from strop.evaluate.answers import Answer, pick_choices
from strop.evaluate.measures import Measure
from strop.evaluate.neutral import BITS as TEXT_BITS
from strop.evaluate.neutral import DIVERGENCE, is_passage, passages, read
from strop.measure import bits_per_byte, items_needed, mean_interval
from strop.records import JSON, Base, Example, Listener, Message, Origin, Said, Suite, content_id

BITS = "general_bits_per_byte"
_FILE = "general.jsonl"
_LEVEL = 0.90  # two-sided, so that a task at chance passes the floor test one time in twenty
_FEWEST = 4  # items of a task, so that the floor test has something to go by
_SPREAD = 0.18  # standard deviation of one item's paired difference: 0.08 for adapters held to their base, else 0.23


def right_share(example: Example, answer: Answer) -> float | None:
    """Probability of the right choice among the item's choices (softmax of their log probabilities)."""
    if is_passage(example):
        return None
    return answer.probabilities[example.expect["choices"][example.expect["answer_index"]]]


def right_pick(example: Example, answer: Answer) -> float | None:
    """1 when the right choice is the most likely one, else 0."""
    if is_passage(example):
        return None
    return float(answer.label == example.expect["choices"][example.expect["answer_index"]])


def right_bits(example: Example, answer: Answer) -> float | None:
    """-log2 of the right choice's probability as the whole answer, by its bytes; None where nothing tells it."""
    if answer.nats is None or is_passage(example):
        return None
    return bits_per_byte(answer.nats, len(example.expect["choices"][example.expect["answer_index"]].encode()))


def items_a_task(margin: float, alpha: float) -> int:
    """Items to look at in each shipped task, so that a model that lost nothing is, four times in five, shown not to be
    worse by ``margin`` (one-sided at ``alpha``).

    Args:
        margin: largest loss of general ability that is tolerated, above 0.
        alpha: error rate of that question.
    """
    tasks = len({example.slices["task"] for example in shipped_examples()})
    return max(_FEWEST, math.ceil(items_needed(_SPREAD, effect=0, margin=margin, alpha=alpha) / tasks))


def general_suite(
    model: Model, *, base: Base, on_event: Listener, a_task: int | None = None, folder: Path | None = None
) -> tuple[Suite, tuple[Example, ...]]:
    """The general suite of a base: the tasks on which it is certainly above chance, and their items.

    A task stays when the one-sided 95 % lower bound of (probability of the right choice - 1 / choices), by Student's t
    over its items, is above zero. Without such a task the suite is empty: there is nothing that this base could forget.

    Beside them stand the passages of neutral text, which are only read.

    Args:
        model: the untuned base, opened.
        base: its record; named in what is said.
        on_event: hears the progress and which tasks were dropped.
        a_task: most items of a task that are looked at, the same ones each time (see :func:`items_a_task`); None: all.
        folder: more tasks, JSONL rows with ``messages`` and ``eval`` {metric: multiple_choice, choices, answer_index}.
    """
    examples = _some([*shipped_examples(), *(read_tasks(folder) if folder else ())], a_task)
    answers = pick_choices(model, examples, on_event=on_event)
    margins: dict[str, list[float]] = {}
    for example, answer in zip(examples, answers, strict=True):
        chance = 1 / len(example.expect["choices"])
        margins.setdefault(example.slices["task"], []).append((right_share(example, answer) or 0.0) - chance)
    passed = {task for task, values in margins.items() if mean_interval(values, level=_LEVEL).low > 0}
    dropped = sorted(set(margins) - passed)
    left = [e for e in examples if e.slices["task"] in passed]
    kept = tuple(sorted([*left, *(passages() if left else ())], key=lambda example: example.id))
    if dropped:
        on_event(Said(text=f"{base.name} is at chance on {', '.join(dropped)}: left out of general ability."))
    settings = {"tasks": ",".join(sorted(passed)), "dropped": ",".join(dropped), "floor": "t95"}
    if folder:
        settings["folder"] = folder_digest(folder)
    measures = (
        Measure("general_ability", "mean", right_share, settings=settings).spec(primary=True),
        Measure("general_accuracy", "mean", right_pick, settings=settings).spec(),
        Measure(BITS, "mean", right_bits, higher_is_better=False, settings=settings).spec(),
        TEXT_BITS.spec(),
        DIVERGENCE.spec(),
    )
    items = tuple(example.id for example in kept)
    body = ["general", list(items), [spec.signature for spec in measures]]
    return Suite(id=content_id("suite", body), name="general", split="general", items=items, measures=measures), kept


def ask(model: Model, items: Sequence[Example], *, on_event: Listener) -> list[Answer]:
    """What the model says to items of a general suite, in their order: it picks among choices and reads passages."""
    asked = [item for item in items if not is_passage(item)]
    texts = [item for item in items if is_passage(item)]
    picked = iter(pick_choices(model, asked, on_event=on_event))
    seen = iter(read(model, texts, on_event=on_event) if texts else ())
    return [next(seen if is_passage(item) else picked) for item in items]


def folder_digest(folder: Path) -> str:
    """Names a folder of tasks by what its files hold.

    Raises InputError where it holds no JSONL file.
    """
    files = sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
    if not files:
        raise InputError(
            "holds no general items", source=folder, remedy="decision.guard.general_folder: a folder of JSONL files"
        )
    return content_id("tasks", [[path.name, durable.file_sha256(path)] for path in files])


def _some(examples: Sequence[Example], a_task: int | None) -> list[Example]:
    """The first items of every task in the order of their ids, which are hashes and know nothing of the items."""
    taken: Counter[str] = Counter()
    found = []
    for example in sorted(examples, key=lambda example: example.id):
        taken[example.slices["task"]] += 1
        if a_task is None or taken[example.slices["task"]] <= a_task:
            found.append(example)
    return found


def general_examples(suite: Suite, *, folder: Path | None = None) -> tuple[Example, ...]:
    """The items of a general suite that was made before, in its order.

    Raises InputError when one of them is not there any more (the suite was made with a folder, or by another version).
    """
    every = [*shipped_examples(), *passages(), *(read_tasks(folder) if folder else ())]
    known = {example.id: example for example in every}
    missing = [item for item in suite.items if item not in known]
    if missing:
        raise InputError(
            f"{len(missing)} of {len(suite.items)} general items are not at hand",
            remedy="make the general suite again with the same folder of tasks",
        )
    return tuple(known[item] for item in suite.items)


@lru_cache(maxsize=1)
def shipped_examples() -> tuple[Example, ...]:
    """The items that come with strop."""
    text = resources.files("strop.evaluate").joinpath(_FILE).read_text("utf-8")
    return tuple(
        _example(row["task"], row["prompt"], row["choices"], row["answer_index"], Origin(source=_FILE, line=number))
        for number, row in enumerate(map(json.loads, text.splitlines()), 1)
    )


def read_tasks(folder: Path) -> tuple[Example, ...]:
    """Multiple-choice items of a folder's JSONL files; rows with another metric are left out.

    The choices are scored as texts behind ``eval.question`` (else the last user turn), never as letters; one that is
    given twice counts once.
    Raises InputError with file and line for a row that cannot be read.
    """
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            origin = Origin(source=path.name, line=number)
            try:
                row = json.loads(line)
                expect = row.get("eval") or row.get("expect") or {}
                if expect.get("metric") != "multiple_choice":
                    continue
                prompt = expect.get("question") or row["messages"][-1]["content"]
                task = str((row.get("meta") or {}).get("task") or path.stem)
                if expect["answer_index"] < 0:
                    raise ValueError("answer_index is negative")
                right, choices = expect["choices"][expect["answer_index"]], list(dict.fromkeys(expect["choices"]))
                found.append(_example(task, prompt, choices, choices.index(right), origin))
            except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
                raise InputError(
                    f"is no multiple-choice row: {error}", source=path, line=number, remedy="mend or remove the row"
                ) from None
    return tuple({example.id: example for example in found}.values())


def _example(task: str, prompt: str, choices: Sequence[str], answer_index: int, origin: Origin) -> Example:
    if len(choices) < 2:
        raise ValueError("it has fewer than two different choices")
    expect: dict[str, JSON] = {"choices": list(choices), "answer_index": answer_index, "task": task}
    return Example(
        id=content_id("gen", [prompt, expect]),
        messages=(Message(role="user", content=prompt),),
        reference=choices[answer_index],
        expect=expect,
        slices={"task": task},
        origin=origin,
    )


MEASURES = {
    "general_ability": Measure("general_ability", "mean", right_share),
    "general_accuracy": Measure("general_accuracy", "mean", right_pick),
    BITS: Measure(BITS, "mean", right_bits, higher_is_better=False),
    TEXT_BITS.name: TEXT_BITS,
    DIVERGENCE.name: DIVERGENCE,
}

"""The page of measures: every measure stands on it, and its examples give what they say."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from strop.cli import measures_page
from strop.evaluate.answers import Answer
from strop.evaluate.judging import judged
from strop.evaluate.kinds.catalogue import BUILT_IN, Catalogue
from strop.evaluate.sandbox import proven
from strop.measure import aggregate
from strop.records import Example, Message, Origin
from strop.settings import Costs, Settings

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "reference" / "measures.md").read_text("utf-8")
EXAMPLES = [
    (part.split("\n", 1)[0], block)
    for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)
    for block in re.findall(r"^```json\n(.*?)\n```", part, re.MULTILINE | re.DOTALL)
]


def example_of(item: dict, number: int) -> Example:
    system = [Message(role="system", content=item["system"])] if "system" in item else []
    return Example(
        id=f"ex_{number}",
        messages=(*system, Message(role="user", content=item["input"])),
        reference=item.get("reference"),
        expect=item.get("expect", {}),
        origin=Origin(source="measures.md"),
    )


def answer_of(item: dict, measure) -> Answer:
    label = item["answer"] if measure.settings.get("pick") or "probabilities" in item else None
    rest = {key: item[key] for key in ("probabilities", "stopped", "nats", "drawn") if key in item}
    return Answer(item["answer"], label=label, **rest)


def value_of(name: str, shown: dict, folder: Path) -> float:
    """What the measure makes of the example's items."""
    measure = measures_page.catalogue_of(shown, folder).get(name)
    items = [judged(example_of(item, n), answer_of(item, measure), [measure]) for n, item in enumerate(shown["items"])]
    return aggregate(measure.spec(), items)


def test_the_page_is_fresh() -> None:
    assert measures_page.measures_page() == PAGE


@pytest.mark.parametrize(("name", "block"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_its_examples_give_what_they_say(name: str, block: str, tmp_path: Path) -> None:
    if name in ("tests_passed", "pass@2") and not proven().walls:
        pytest.skip("no sandbox on this machine")
    shown = json.loads(block)
    assert math.isclose(value_of(name, shown, tmp_path), shown["value"], abs_tol=5e-4)


def test_every_measure_has_its_example(tmp_path: Path) -> None:
    with_price = Catalogue(Settings(costs=Costs(missed_escalation=1)), tmp_path)
    names = {*BUILT_IN, *with_price._measures, "style", "brand_voice", "entity_f1.Chemical", "pass@2"}
    assert sorted(name for name, _ in EXAMPLES) == sorted(names)


def test_every_key_that_a_measure_reads_is_told() -> None:
    read = set()
    for path in (ROOT / "src" / "strop" / "evaluate").rglob("*.py"):
        read |= set(re.findall(r"""expect(?:\.get\(|\[)["'](\w+)["']""", path.read_text("utf-8")))
    assert len(read) > 8, "are they read as they are written?"
    declared = {key for measure in BUILT_IN.values() for key in measure.expect}
    assert (read | declared) <= set(measures_page.EXPECT)
    assert all(f"| `{key}` |" in PAGE for key in measures_page.EXPECT)


def test_nothing_on_the_page_depends_on_this_machine() -> None:
    signatures = re.findall(r"^Signature: `(.*)`$", PAGE, re.MULTILINE)
    assert len(signatures) == len(EXAMPLES)
    for signature in signatures:
        assert not re.search(r"\|(sandbox|python|linter):[^…|]", signature)

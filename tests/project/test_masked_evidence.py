"""What a decision rests on leaves without personal data and without what was asked, and is verified all the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from strop.project import Project, open_project
from strop.project.verdicts.bundles import verify_evidence
from strop.records import Candidate, Dataset, Report
from strop.web import report

KEPT = ["data.personal_data=keep"]
_NOUNS = ["mug", "lamp", "tent", "stove", "chair", "rope", "axe", "bag", "boot", "sock"]


@contextmanager
def opened(folder: Path, *overrides: str) -> Iterator[Project]:
    project = open_project(folder, overrides=overrides)
    with closing(project.store):
        yield project


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A decided project that kept the addresses in its rows."""
    folder = tmp_path_factory.mktemp("kept")
    rows = []
    for n in range(90):
        thing, mail = _NOUNS[n * 7 % 10], f"anna.berg{n}@firma{n % 7}.de"
        asked = (
            f"A customer of the {n * 13 % 97}th shop has sent the {thing} number {n * n} back and asks {mail} about it."
        )
        told = " or +49 30 7734000" if n % 9 == 0 else ""
        rows.append({"text": asked, "summary": f"{thing} {n * n} came back, see {mail}{told}"})
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "strop.yaml").write_text(
        "task: {name: shop, kind: summarisation, max_new_tokens: 32}\n"
        "data: {sources: [rows.jsonl], columns: {input: text, output: summary}}\n"
        "ladder: {bases: [fake-small], methods: [prompt, lora]}\ndecision: {primary: {rouge_l: {margin: 0.05}}}\n",
        "utf-8",
    )
    with opened(folder, *KEPT) as project:
        project.curate()
        ladder = project.choose()
        project.decide(ladder.steps[-1].candidate)
    return folder


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    return [text for inner in value for text in texts(inner)] if isinstance(value, list) else [str(value)]


def written(folder: Path, path: Path, *overrides: str) -> dict[str, Any]:
    with opened(folder, *overrides) as project:
        project.write_evidence(None, path)
    body: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return body


def test_answers_leave_masked_and_the_verdict_stands(kept: Path, tmp_path: Path) -> None:
    plain = written(kept, tmp_path / "plain.json", *KEPT)
    assert any("@firma" in text for text in texts(plain["evidence"]["items"])) and "masked" not in plain
    path = tmp_path / "masked.json"
    body = written(kept, path)
    assert not [text for text in texts(body) if "@firma" in text]
    assert any("@example.invalid" in item["gold"] for item in body["evidence"]["items"])
    heard: list[str] = []
    assert verify_evidence(path, say=heard.append) == []
    assert body["evidence"]["report"]["id"] in body["masked"] and all(one in heard[0] for one in body["masked"])
    body["evidence"]["items"][3]["scores"]["rouge_l"] = 0.123
    path.write_text(json.dumps(body), "utf-8")
    assert any("its items give" in line for line in verify_evidence(path)), "a masked report's figures still count"


def test_what_was_asked_does_not_leave(kept: Path, tmp_path: Path) -> None:
    body = written(kept, tmp_path / "plain.json", *KEPT)
    assert body["evidence"]["constant_items"], "of a summary, the answer that takes no model is what was asked"
    assert {item["answer"] for item in body["evidence"]["constant_items"]} == {""}
    assert verify_evidence(tmp_path / "plain.json") == []


def test_pages_show_no_more_than_is_masked_now(kept: Path) -> None:
    def pages(project: Project) -> str:
        shown = [project.find("decision"), *project.store.all(Report), *project.store.all(Candidate)]
        dataset = project.store.latest(Dataset)
        assert dataset is not None
        row = project.opened.rows(dataset, "train")[0]
        return "".join(report.page(one, report.gather(project, one)) for one in [*shown, dataset, row])

    with opened(kept, *KEPT) as project:
        page = pages(project)
        assert "@firma" in page and "7734" in page
    with opened(kept) as project:
        page = pages(project)
        assert "@firma" not in page and "@example.invalid" in page
        assert "7734" not in page and "found before personal data was masked as now" in page


def test_nothing_is_written_where_the_name_model_is_not_there(
    kept: Path, tmp_path: Path, strop: Callable[..., Any]
) -> None:
    asked = ("--project", kept, "--set", "data.name_model={path: gone, sha256: abc}")
    for command in (
        ("verify", "--evidence", tmp_path / "out"),
        ("show", "decision", "--html", tmp_path / "out"),
    ):
        ran = strop(*asked, *command)
        assert ran.code == 2 and "gone" in ran.err and not (tmp_path / "out").exists(), ran.err


def test_a_judge_elsewhere_reads_masked_texts(kept: Path, server: Any, say: Any) -> None:
    server.answer = lambda body: say("tie")
    named = json.dumps({"url": server.url, "model": "model-a", "rubric": "Right and short.", "pairs": 4})
    with opened(kept, f"judge={named}") as project:
        project.judged_by_model()
    assert len(server.asked) == 8
    assert not any("@firma" in json.dumps(body) for body in server.asked) and "@example.invalid" in str(server.asked)

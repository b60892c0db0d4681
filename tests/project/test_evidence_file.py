"""A decision and what it rests on in one file: verified where its project is not, and told when it was changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strop.errors import InputError
from strop.project import Project, open_project
from strop.project.verdicts.bundles import verify_evidence
from strop.records import Decision

Make = Callable[..., Project]


@pytest.fixture
def written(decided: Project, tmp_path: Path) -> tuple[Path, Decision]:
    """The evidence of the demo's decision, its project gone."""
    decided.store.close()
    project = open_project(decided.folder, overrides=["decision.people={blind_pairs: 5, approve: [owner]}"])
    made = project.decide()
    path = tmp_path / "verdict.json"
    project.write_evidence(None, path)
    project.store.close()
    decided.folder.rename(tmp_path / "elsewhere")
    return path, made


def test_it_stands_without_its_project(written: tuple[Path, Decision]) -> None:
    path, made = written
    assert verify_evidence(path) == verify_evidence(path, digest=made.digest) == []
    assert verify_evidence(path, digest="digest_of_another")[0].startswith("digest: digest_of_another was printed")


@pytest.mark.parametrize(
    ("where", "value", "told"),
    [
        (("decision", "verdict"), "promote", "verdict: the decision says 'promote'"),
        (("decision", "sentence"), "Promote: all is well.", "sentence: "),
        (("evidence", "items", 3, "answer"), "another answer", "one of them was changed"),
        (("evidence", "items", 3, "scores", "attribute_inclusion"), 7.0, "its items give"),
        (
            ("decision", "right_labels"),
            {"right": 0, "n": 0},
            "it was changed since it was written (decision.right_labels.n",
        ),
        (("evidence", "leaks"), 3, "leakage: the decision says pass"),
        (("evidence", "candidate", "spec", "shots"), 9, "does not match its hash: it was changed since it was judged"),
    ],
)
def test_what_was_changed_is_told(
    written: tuple[Path, Decision], where: tuple[str | int, ...], value: Any, told: str
) -> None:
    path, _ = written
    body = json.loads(path.read_text("utf-8"))
    place = body
    for key in where[:-1]:
        place = place[key]
    place[where[-1]] = value
    path.write_text(json.dumps(body), "utf-8")
    assert any(told in line for line in verify_evidence(path)), verify_evidence(path)


@pytest.mark.parametrize("text", ["", "{}", '{"form": "strop evidence 9"}', "[1]"])
def test_another_file_is_an_error_with_a_remedy(tmp_path: Path, text: str) -> None:
    path = tmp_path / "some.json"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match="holds no evidence of a decision") as told:
        verify_evidence(path)
    assert "--evidence" in told.value.remedy


@pytest.mark.parametrize(
    ("name", "held", "told"),
    [
        ("t.json", "[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ("t.json", "[1]", "no JSON object"),
        ("t.json", "{}", "it has no 'form'"),
        ("rows.jsonl", '{"a": 1}\n{"a": 2}\n', "it is no JSON"),
        ("nofile.json", None, "no such file"),
        ("./nofile", None, "no such file"),
        ("folder", "", "directory"),
    ],
)
def test_what_is_no_evidence_is_told_wherever_it_lies(
    strop: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, held: str | None, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if name == "folder":
        (tmp_path / name).mkdir()
    elif held is not None:
        (tmp_path / name).write_text(held, "utf-8")
    ran = strop("verify", name)
    assert ran.code == 2 and ran.err.startswith(f"strop: {Path(name)}: holds no evidence of a decision")
    assert told in ran.err and "pydantic" not in ran.err and "strop.yaml" not in ran.err

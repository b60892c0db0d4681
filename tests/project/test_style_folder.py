"""``task.style`` may be a folder of Vale styles, also when rows are curated; an edited rule curates anew."""

from __future__ import annotations

import json

from strop.project import open_project

YAML = (
    "task: {kind: generation, style: styles}\ndata: {sources: [rows.jsonl], columns: {input: text, output: answer}}\n"
)


def test_rows_are_curated_by_a_folder_of_styles(tmp_path) -> None:
    rows = [{"text": f"What of tent {n}?", "answer": f"Tent number {n} is light{'!' * (n == 3)}"} for n in range(40)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    (tmp_path / "strop.yaml").write_text(YAML, "utf-8")
    rule = tmp_path / "styles" / "House" / "Calm.yml"
    rule.parent.mkdir(parents=True)
    rule.write_text("extends: existence\nmessage: no '%s'\nnonword: true\ntokens: ['!']\n", "utf-8")
    (rule.parent / "Spelling.yml").write_text("extends: spelling\nmessage: '%s'\n", "utf-8")
    said: list[str] = []
    project = open_project(tmp_path, on_event=lambda event: said.append(str(event)))
    first = project.curate()
    assert project.curate().id == first.id
    assert any("curated before" in one for one in said)
    said.clear()
    rule.write_text("extends: existence\nmessage: no '%s'\nnonword: true\ntokens: ['[?]']\n", "utf-8")
    project.curate()
    assert not any("curated before" in one for one in said)
    said.clear()
    (tmp_path / "styles" / "house.dic").write_text("1\ntent\n", "utf-8")  # which a rule of spelling may read
    project.curate()
    assert not any("curated before" in one for one in said)
    project.store.close()

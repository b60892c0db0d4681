"""A style guide: one file, or a folder as Vale's styles are laid out; what cannot be checked is left out and told."""

from __future__ import annotations

import json

import pytest

from strop.errors import InputError
from strop.evaluate import domain_suite, evaluate
from strop.evaluate.kinds.guide import read_guide
from strop.measure.writing.style import style_breaks
from strop.records import silent
from strop.settings import Settings

RULES = {
    "House/Calm.yml": "extends: existence\nmessage: no '%s'\nnonword: true\ntokens: ['!']\n",
    "House/Headings.yml": "extends: capitalization\nmessage: '%s'\nscope: heading\nmatch: $sentence\n",
    "House/Spelling.yml": "extends: spelling\nmessage: '%s'\n",
    "House/Tables.yml": "extends: existence\nmessage: '%s'\nscope: table.cell\ntokens: [x]\n",
    "House/Odd.yml": "extends: existence\nmessage: '%s'\ntokens: ['(']\n",
    "Easy/Grade.yml": "extends: metric\nmessage: '%s'\nformula: words / sentences\ncondition: '> 20'\n",
    "config/vocabularies/Base/accept.yml": "[tent]",
    "House/meta.json": "{}",
}


@pytest.fixture
def project(tmp_path):
    for name, text in RULES.items():
        path = tmp_path / "styles" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path


def named(style: str) -> Settings:
    return Settings.model_validate({"task": {"style": style}})


def test_a_folder_of_styles_is_read_and_what_cannot_be_checked_is_left_out(project) -> None:
    guide = read_guide(named("styles"), project)
    assert [rule.name for rule in guide.rules] == ["Easy.Grade", "House.Calm", "House.Headings"]
    assert sorted(guide.left_out) == ["House.Odd", "House.Spelling", "House.Tables"]
    assert "spelling" in guide.left_out["House.Spelling"]
    assert guide.unchecked == {"3 of 6 style rules": "House.Odd, House.Spelling, House.Tables"}
    found = style_breaks("# A Big Tent Today\n\nBuy it!", guide.rules)
    assert [one.rule for one in found] == ["House.Calm", "House.Headings"]


def test_one_style_of_the_folder_can_be_named(project) -> None:
    assert [rule.name for rule in read_guide(named("styles/Easy"), project).rules] == ["Easy.Grade"]


def test_an_edited_rule_is_another_guide(project) -> None:
    before = read_guide(named("styles"), project).digest
    (project / "styles/House/Calm.yml").write_text(RULES["House/Calm.yml"].replace("'!'", "'?'"), "utf-8")
    assert read_guide(named("styles"), project).digest != before


def test_a_single_file_leaves_out_kinds_but_never_mistakes(project) -> None:
    rules = [{"id": "calm", "check": {"must_not_match": "!"}}, {"extends": "spelling", "name": "order"}]
    (project / "style.json").write_text(json.dumps({"rules": rules}), "utf-8")
    guide = read_guide(named("style.json"), project)
    assert [rule.name for rule in guide.rules] == ["calm"]
    assert list(guide.left_out) == ["order"]
    (project / "style.json").write_text(json.dumps({"rules": [*rules, {"id": "x", "check": {"nosuch": 1}}]}), "utf-8")
    with pytest.raises(InputError, match="unknown check nosuch"):
        read_guide(named("style.json"), project)


@pytest.mark.parametrize(("style", "said"), [("styles/config", "no rule"), ("nowhere", "no such file")])
def test_nothing_to_check_is_told(project, style, said) -> None:
    (project / "styles/config/x.yml").write_text("extends: spelling\n", "utf-8")
    with pytest.raises(InputError, match=said):
        read_guide(named(style), project)


def test_a_broken_file_is_named(project) -> None:
    (project / "styles/House/Calm.yml").write_text("extends: [", "utf-8")
    with pytest.raises(InputError, match=r"Calm\.yml"):
        read_guide(named("styles"), project)


def test_the_report_says_which_rules_were_not_checked(project, row, table_model, candidate) -> None:
    settings, rows = named("styles"), [row("x", "A light tent.")]
    suite = domain_suite(rows, kind="generation", split="validation", settings=settings, project=project)
    found = evaluate(
        table_model({"x": "A light tent!"}),
        candidate=candidate(),
        shots=(),
        suite=suite,
        examples={r.id: r for r in rows},
        settings=settings,
        project=project,
        on_event=silent,
    )
    assert found.report.measures["style"].value == pytest.approx(2 / 3)
    assert found.report.not_measured["3 of 6 style rules"] == "House.Odd, House.Spelling, House.Tables"


def test_spelling_goes_by_the_dictionaries_that_the_folder_holds(project) -> None:
    """Where Vale looks for them; lists of words and an accepted vocabulary pass, and so does what is no word."""
    rule = "extends: spelling\nmessage: '%s?'\ndicpath: words\ndictionaries: [house]\nignore: [passed.txt]\n"
    write = {
        "House/Spelling.yml": rule,
        "words/house.aff": "SET ISO8859-1\nSFX S Y 1\nSFX S 0 s .\n",
        "House/passed.txt": "Velomo\n",
        "config/vocabularies/Shop/accept.txt": "gravelbike\n",
    }
    for name, text in write.items():
        path = project / "styles" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (project / "styles/words/house.dic").write_bytes("3\na\ntent/S\ncaf\xe9\n".encode("latin-1"))
    guide = read_guide(named("styles"), project)
    assert "House.Spelling" not in guide.left_out
    text = "Tents, a tennt; a Velomo, a GravelBike: café. shop.example.com, USA, a2, a-b, tents' “tent’s”"
    assert [one.message for one in style_breaks(text, guide.rules)] == ["tennt?"]
    before = guide.digest
    (project / "styles/words/house.dic").write_text("1\ntennt\n", "utf-8")
    assert read_guide(named("styles"), project).digest != before
    (project / "styles/words/house.dic").unlink()
    assert (
        "house.aff and house.dic, which the folder does not hold"
        in read_guide(named("styles"), project).left_out["House.Spelling"]
    )


def test_a_rule_reads_no_file_outside_of_its_folder(project) -> None:
    (project / "x.aff").write_text("SET UTF-8\n", "utf-8")
    (project / "x.dic").write_text("1\ntent\n", "utf-8")
    (project / "styles/House/Spelling.yml").write_text(
        "extends: spelling\nmessage: x\naff: ../x.aff\ndic: ../x.dic\n", "utf-8"
    )
    assert "does not hold" in read_guide(named("styles"), project).left_out["House.Spelling"]

"""JSON schemas: what the library says, the row's own before the project's, mistakes with place and remedy."""

from __future__ import annotations

import json
import warnings

import jsonschema
import pytest

from strop.errors import InputError
from strop.evaluate.answers import Answer
from strop.evaluate.kinds.catalogue import Catalogue
from strop.evaluate.kinds.schemas import obeys
from strop.evaluate.suites import measure_names
from strop.settings import Settings

PARTY = {
    "type": "object",
    "properties": {"party": {"type": "string", "pattern": "^[A-Z]"}, "years": {"type": "integer", "minimum": 1}},
    "required": ["party"],
    "additionalProperties": False,
}
VALUES = [{"party": "Acme"}, {"party": "acme"}, {"party": "Acme", "years": 0}, {"years": 3}, {"party": "A", "x": 1}, []]


@pytest.fixture
def measure(tmp_path):
    def make(schema=None):
        named = None
        if schema is not None:
            named = "schema.json"
            (tmp_path / named).write_text(schema if isinstance(schema, str) else json.dumps(schema), "utf-8")
        settings = Settings.model_validate({"task": {"json_schema": named}, "measures": ["json_schema"]})
        return Catalogue(settings, tmp_path).get("json_schema")

    return make


@pytest.mark.parametrize("value", VALUES, ids=json.dumps)
def test_equals_the_library(row, measure, value) -> None:
    expected = jsonschema.Draft202012Validator(PARTY).is_valid(value)
    assert measure(PARTY).score(row("x", "{}"), Answer(json.dumps(value))) == expected
    assert obeys(value, json.dumps(PARTY)) is expected


def test_no_json_obeys_nothing_and_no_schema_says_nothing(row, measure) -> None:
    assert measure(PARTY).score(row("x", "{}"), Answer('Sure: {"party": "Acme"}')) == 0
    assert measure(PARTY).score(row("x", "{}"), Answer('```json\n{"party": "Acme"}\n```')) == 1
    assert measure().score(row("x", "{}"), Answer("{}")) is None


def test_the_rows_own_schema_wins(row, measure) -> None:
    example = row("x", "[]", expect={"json_schema": {"type": "array"}})
    assert measure(PARTY).score(example, Answer("[]")) == 1
    assert measure().score(example, Answer("{}")) == 0
    assert measure_names("extraction", [example], Settings())[-3:] == ["json_schema", "exact_match", "stopped"]


def test_older_drafts_are_told_by_the_schema() -> None:
    old = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "number",
        "maximum": 3,
        "exclusiveMaximum": True,
    }
    assert not obeys(3, json.dumps(old))
    assert obeys(2, json.dumps(old))


def test_another_schema_is_another_measure(measure) -> None:
    assert measure(PARTY).spec().signature != measure({"type": "object"}).spec().signature


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ('{"type": "objekt"}', "no JSON schema"),
        ("{", "Expecting property name"),
        ('{"$ref": "#"}', "its \\$ref leads round and round"),
    ],
)
def test_a_file_that_is_no_schema_is_told(measure, schema, said) -> None:
    with pytest.raises(InputError, match=said) as caught:
        measure(schema)
    assert "schema.json" in str(caught.value)


def test_answers_too_deep_or_too_large_for_a_schema_are_wrong_and_no_error(row, measure) -> None:
    tree = measure({"type": "object", "properties": {"a": {"$ref": "#"}, "n": {"multipleOf": 0.1}}})
    deep = '{"a":' * 400 + "{}" + "}" * 400
    for answer, expected in (('{"a": {"a": {}}}', 1), (deep, 0), ('{"n": 1e999}', 0), ('{"n": 1' + "0" * 400 + "}", 0)):
        assert tree.score(row("x", "{}"), Answer(answer)) == expected


def test_references_lead_nowhere_outside(row, measure, tmp_path) -> None:
    """An address in a schema is never opened, not even one that is there."""
    (tmp_path / "other.json").write_text('{"type": "object"}', "utf-8")
    found = measure({"$ref": (tmp_path / "other.json").as_uri()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library would warn, and read it all the same
        with pytest.raises(InputError, match=r"other\.json"):
            found.score(row("x", "{}"), Answer("{}"))


def test_a_rows_bad_schema_names_the_row(row, measure) -> None:
    with pytest.raises(InputError, match=r"rows.jsonl.*1.*expect.json_schema"):
        measure().score(row("x", "{}", expect={"json_schema": {"type": 3}}), Answer("{}"))

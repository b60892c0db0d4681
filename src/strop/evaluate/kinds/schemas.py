"""Does a JSON answer obey its JSON schema: the row's own, or the one that ``task.json_schema`` names?"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from strop.errors import InputError
from strop.evaluate.answers import Answer
from strop.evaluate.measures import Measure
from strop.measure import BadPattern, read_json
from strop.measure.patterns import Pattern
from strop.records import JSON, Example, canonical
from strop.settings import Settings, named_file

NAME = "json_schema"


def schema_measure(settings: Settings, project: Path) -> Measure:
    """The measure; its signature names the project's schema.

    Raises InputError for a file that is no JSON schema.
    """
    common = _common(settings, project)

    def score(example: Example, answer: Answer) -> float | None:
        """1 when the whole answer is JSON that is valid under the row's ``expect.json_schema``, else the project's
        (``task.json_schema``); else 0. Drafts 4 to 2020-12, told by ``$schema``; references lead nowhere outside.
        """
        own = example.expect.get(NAME)
        text = common if own is None else canonical(own).decode()
        if text is None:
            return None
        said = read_json(answer.text)
        if said.error:
            return 0.0
        try:
            return float(obeys(said.value, text))
        except ValueError as error:
            if own is None:
                raise _no_schema(settings.task.json_schema, error) from None
            place = example.origin
            raise InputError(
                f"expect.{NAME}: {error}", source=place.source, line=place.line, remedy="mend this row's `expect`"
            ) from None

    digest = {"schema": hashlib.sha256(common.encode()).hexdigest()[:12]} if common is not None else {}
    return Measure(NAME, "mean", score, settings={"fence": "allowed", **digest}, expect=(NAME,))


def obeys(value: JSON, schema: str) -> bool:
    """Whether a value is valid under a schema, given as JSON text; one nested too deeply or too large to tell is not.

    Raises ValueError for what is no schema, a pattern that hangs, or a reference that leads outside or round and round.
    """
    from referencing.exceptions import Unresolvable

    try:
        return bool(_validator(schema).is_valid(value))
    except (Unresolvable, BadPattern) as error:
        raise ValueError(f"{error}") from error
    except (RecursionError, OverflowError):  # a model may write 2,000 brackets, or 1e999 where multiples are asked for
        return False


@functools.lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    # Imported here: whoever has no schema does not wait for it.
    import referencing
    from jsonschema import Draft202012Validator, exceptions, validators  # type: ignore[import-untyped]

    value = json.loads(schema)
    kind = validators.validator_for(value, default=Draft202012Validator)
    try:
        kind.check_schema(value)
    except exceptions.SchemaError as error:
        raise ValueError(f"no JSON schema: {error.message}") from error
    made = validators.extend(kind, {"pattern": _pattern})(value, registry=referencing.Registry())
    try:
        made.is_valid(None)
    except RecursionError:
        raise ValueError("no JSON schema: its $ref leads round and round") from None
    except referencing.exceptions.Unresolvable:  # told by whoever asks about a value
        pass
    return made


def _pattern(validator: Any, pattern: str, value: JSON, schema: JSON) -> Iterator[Any]:
    """``pattern`` with a time limit: a catastrophic one is a mistake, not a hang."""
    from jsonschema import ValidationError

    if isinstance(value, str) and not Pattern(pattern, rule=NAME).found(value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _common(settings: Settings, project: Path) -> str | None:
    named = settings.task.json_schema
    if named is None:
        return None
    try:
        text = canonical(json.loads(named_file(project, named, key="task.json_schema").read_text("utf-8"))).decode()
        _validator(text)
    except ValueError as error:
        raise _no_schema(named, error) from None
    return text


def _no_schema(named: str | None, error: ValueError) -> InputError:
    return InputError(f"task.json_schema: {error}", source=named or "", remedy="mend that file")

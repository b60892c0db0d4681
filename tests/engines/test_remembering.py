"""A model is not asked the same thing twice, and a killed evaluation goes on where it stood."""

from __future__ import annotations

import pytest

from strop.engines import open_engine, remembering
from strop.engines.base import GenerateRequest, ScoreRequest
from strop.engines.fake import FAKE_BASE
from strop.engines.kept import Kept
from strop.engines.remembering import Remembering
from strop.records import Message, Progress, silent


class Counting:
    """The fake model, with a count of what it is asked and a day on which it dies."""

    def __init__(self, dies_after: int = 10**9) -> None:
        self.model = open_engine("fake").open(FAKE_BASE, None)
        self.asked, self.dies_after = 0, dies_after
        self.signature = self.model.signature

    def _asked(self, count: int) -> None:
        self.asked += count
        if self.asked > self.dies_after:
            raise KeyboardInterrupt

    def score(self, requests, *, on_event):
        self._asked(len(requests))
        return self.model.score(requests, on_event=on_event)

    def generate(self, requests, *, on_event):
        self._asked(len(requests))
        return self.model.generate(requests, on_event=on_event)


def scores(count: int) -> list[ScoreRequest]:
    return [
        ScoreRequest(messages=(Message(role="user", content=f"how about {n}?"),), options=("yes", "no"))
        for n in range(count)
    ]


def texts(count: int) -> list[GenerateRequest]:
    return [GenerateRequest(messages=(Message(role="user", content=f"colour: red {n}"),)) for n in range(count)]


@pytest.mark.parametrize(("verb", "requests"), [("score", scores(30)), ("generate", texts(30))])
def test_what_was_answered_is_not_asked_again(tmp_path, verb, requests) -> None:
    first, again = Counting(), Counting()
    given = getattr(Remembering(first, Kept(tmp_path / "a.jsonl")), verb)(requests[:20], on_event=silent)
    both = getattr(Remembering(again, Kept(tmp_path / "a.jsonl")), verb)(requests, on_event=silent)
    assert (first.asked, again.asked) == (20, 10)
    assert both[:20] == given
    plain = getattr(Counting(), verb)(requests, on_event=silent)
    assert [one.model_copy(update={"seconds": 0.0}) for one in both] == [
        one.model_copy(update={"seconds": 0.0}) for one in plain
    ]


def test_a_score_is_no_text_and_another_length_is_another_question(tmp_path) -> None:
    model = Counting()
    kept = Remembering(model, Kept(tmp_path / "a.jsonl"))
    kept.generate(texts(1), on_event=silent)
    kept.generate([texts(1)[0].model_copy(update={"max_new_tokens": 2})], on_event=silent)
    kept.score([ScoreRequest(messages=texts(1)[0].messages, options=("a", "b"))], on_event=silent)
    kept.score([ScoreRequest(messages=texts(1)[0].messages, options=("a", "c"))], on_event=silent)
    assert model.asked == 4


def test_a_killed_evaluation_goes_on(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(remembering, "AT_ONCE", 8)
    dying, going = Counting(dies_after=20), Counting()
    with pytest.raises(KeyboardInterrupt):
        Remembering(dying, Kept(tmp_path / "a.jsonl")).generate(texts(30), on_event=silent)
    whole = (tmp_path / "a.jsonl").read_bytes()
    (tmp_path / "a.jsonl").write_bytes(whole[:-7])  # and its last line was torn
    heard: list[Progress] = []
    answers = Remembering(going, Kept(tmp_path / "a.jsonl")).generate(texts(30), on_event=heard.append)
    assert [a.text for a in answers] == [a.text for a in Counting().generate(texts(30), on_event=silent)]
    assert going.asked == 30 - 16 + 1
    told = [event.done for event in heard if isinstance(event, Progress)]
    assert told == sorted(told)
    assert heard[-1].done == heard[-1].total


def test_another_model_has_another_file(tmp_path) -> None:
    plain = open_engine("fake").open(FAKE_BASE, None).signature
    assert Kept.file(tmp_path, plain) != Kept.file(tmp_path, plain | {"artifact": "weights_1"})
    assert Kept.file(tmp_path, plain) == Kept.file(tmp_path, dict(reversed(plain.items())))

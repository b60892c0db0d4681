"""A remote model writes and chooses; it is paid once, told as measured only where its server tells, and priced."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.engines.remote.test_client import LLAMA_NO_TEXT

from strop.engines.base import GenerateRequest, ScoreRequest
from strop.engines.kept import Kept
from strop.engines.labels import chosen
from strop.engines.remote import RemoteModel
from strop.errors import RemoteError
from strop.records import Message, silent
from strop.settings import Price

Say = Callable[..., dict[str, Any]]
LABELS = ("cards", "refund", "refund not showing up")


def ask(*texts: str) -> list[GenerateRequest]:
    return [GenerateRequest(messages=(Message(role="user", content=text),), max_new_tokens=32) for text in texts]


def choose(*texts: str) -> list[ScoreRequest]:
    return [ScoreRequest(messages=(Message(role="user", content=text),), options=LABELS) for text in texts]


def echo(say: Say) -> Callable[[dict[str, Any]], Any]:
    return lambda body: say(body["messages"][-1]["content"].upper())


def place(token: str, **tops: float) -> dict[str, Any]:
    """One token of ``logprobs.content`` with its alternatives and their probabilities."""
    told = [{"token": name.replace("_", " "), "logprob": math.log(p)} for name, p in tops.items()]
    return {"token": token, "logprob": math.log(tops[token.replace(" ", "_")]), "top_logprobs": told}


def told(say: Say, *places: dict[str, Any]) -> dict[str, Any]:
    return say("".join(p["token"] for p in places), logprobs={"content": list(places)})


def test_answers_come_in_the_order_of_the_requests(server: Any, say: Say) -> None:
    server.answer = echo(say)
    texts = [f"question {number}" for number in range(40)]
    with RemoteModel(server.client(concurrency=8), "model-a", price=Price(input=1.0, output=2.0)) as model:
        results = model.generate(ask(*texts), on_event=silent)
        assert [result.text for result in results] == [text.upper() for text in texts]
    assert {(r.stopped, r.tokens) for r in results} == {(True, 10)}
    assert [r.cost for r in results] == [pytest.approx(120e-6)] * 40
    assert server.asked[0].keys() == {"model", "messages", "temperature", "max_tokens"}
    assert model.signature["url"] == server.url and model.memory_bytes is None


def test_an_answer_that_was_cut_did_not_stop_by_itself(server: Any, say: Say) -> None:
    server.answer = lambda body: say("and then", finish="length", usage=None)
    with RemoteModel(server.client(), "model-a", price=Price(input=1.0)) as model:
        found = model.generate(ask("hi"), on_event=silent)[0]
    assert (found.stopped, found.cost, found.tokens) == (False, None, 0)


def test_a_killed_evaluation_goes_on_and_pays_only_for_the_rest(server: Any, say: Say, tmp_path: Path) -> None:
    file, texts = Kept.file(tmp_path, [server.url, "model-a"]), [f"q{number}" for number in range(20)]
    failing = {"q13"}
    server.answer = lambda body: 400 if body["messages"][-1]["content"] in failing else echo(say)(body)
    with RemoteModel(server.client(), "model-a", kept=Kept(file)) as model, pytest.raises(RemoteError):
        model.generate(ask(*texts), on_event=silent)
    with file.open("ab") as stream:
        stream.write(b'{"asked": "torn')  # killed while it wrote
    done, failing = len(server.asked) - 1, set()
    assert done >= 1
    with RemoteModel(server.client(), "model-a", kept=Kept(file)) as model:
        first = model.generate(ask(*texts), on_event=silent)
    assert [result.text for result in first] == [text.upper() for text in texts]
    assert len(server.asked) <= 1 + 20 + 4, "what was on its way when the error came may be asked twice"
    asked = len(server.asked)
    with RemoteModel(server.client(), "model-a", price=Price(output=1.0), kept=Kept(file)) as model:
        again = model.generate(ask(*texts), on_event=silent)
        assert [(r.text, r.seconds) for r in again] == [(r.text, r.seconds) for r in first]
        assert again[0].cost == pytest.approx(10e-6), "a new price needs no new answers"
        model.generate([ask("q1")[0].model_copy(update={"max_new_tokens": 33})], on_event=silent)
    assert len(server.asked) == asked + 1, "another question is another answer"


def test_labels_by_probability_where_the_server_tells(server: Any, say: Say) -> None:
    server.answer = lambda body: told(say, place("ref", ref=0.7, cards=0.2, I=0.1), place("und", und=1.0))
    with RemoteModel(server.client(), "model-a") as model:
        result = model.score(choose("where is it"), on_event=silent)[0]
        text, label, table = chosen(LABELS, result)
    assert (text, label) == ("refund", "refund")
    assert table["cards"] == pytest.approx(0.2 / 0.9, abs=0.02)
    assert sum(table.values()) == pytest.approx(1.0)
    assert server.asked[0]["top_logprobs"] == 20 and model.signature["labels"] == "told"


def test_a_label_that_goes_on_from_another_is_told_apart(server: Any, say: Say) -> None:
    places = (
        place("refund", refund=1.0),
        place(" not", _not=0.6, **{"<|im_end|>": 0.4}),
        place(" showing up", _showing_up=1.0),
    )
    server.answer = lambda body: told(say, *places)
    with RemoteModel(server.client(), "model-a") as model:
        _, label, table = chosen(LABELS, model.score(choose("x"), on_event=silent)[0])
    assert label == "refund not showing up"
    assert table["refund"] == pytest.approx(0.4, abs=0.02)


def test_the_token_that_ends_an_answer_is_no_part_of_it(server: Any, say: Say) -> None:
    """vLLM 0.32 ends ``logprobs.content`` with it; here it holds another label as a word."""
    ended = place("</s>", **{"</s>": 0.99, "l": 0.01})
    server.answer = lambda body: told(say, place("m", m=0.8, s=0.2), ended)
    options = [one.model_copy(update={"options": ("s", "m", "l")}) for one in choose("how large")]
    with RemoteModel(server.client(), "sizes") as model:
        _, label, table = chosen(("s", "m", "l"), model.score(options, on_event=silent)[0])
    assert label == "m" and table["m"] == pytest.approx(0.79, abs=0.02)


def llama_place(token: str, chance: float, *tops: tuple[str, list[int], float]) -> dict[str, Any]:
    """As llama-server tells it: special tokens, and parts of a character, are empty texts; bytes tell them apart."""
    told = [{"id": n, "token": text, "bytes": own, "logprob": math.log(p)} for n, (text, own, p) in enumerate(tops)]
    return {"id": 0, "token": token, "bytes": list(token.encode()), "logprob": math.log(chance), "top_logprobs": told}


def test_an_answer_that_is_no_text_is_a_wrong_one_and_ends_nothing(server: Any, say: Say) -> None:
    """llama-server fails on broken characters, each time: it is asked once, and the other items stand."""

    def answer(body: dict[str, Any]) -> Any:
        if body["messages"][-1]["content"] == "bad":
            return (500, {}, LLAMA_NO_TEXT)
        return told(say, place("refund", refund=0.9, cards=0.1)) if "logprobs" in body else say("Fine.")

    server.answer = answer
    with RemoteModel(server.client(), "model-a") as model:
        written = model.generate(ask("good", "bad", "good"), on_event=silent)
        assert [(one.text, one.stopped) for one in written] == [("Fine.", True), ("", False), ("Fine.", True)]
        scored = [chosen(LABELS, one) for one in model.score(choose("good", "bad"), on_event=silent)]
        assert (
            [one.text for one in scored] == ["refund", ""] and scored[0].probabilities and not scored[1].probabilities
        )
        assert len(server.asked) == 5
        with pytest.raises(
            RemoteError, match="could not read"
        ) as caught:  # one question of a client: an error, no answer
            model.answer(ask("bad")[0])
    assert caught.value.status == 502


def test_special_tokens_without_a_text_are_not_taken_for_one_another(server: Any, say: Say) -> None:
    first = llama_place(
        "refund", 0.8, ("refund", [114], 0.8), ("cards", [99], 0.19), ("", [], 0.005), ("", [240], 0.005)
    )
    second = llama_place(
        "", 0.7, ("", [], 0.7), (" not", [32, 110], 0.2), ("", [240, 159], 0.09), ("", [], 1e-6), ("", [], 1e-7)
    )
    server.answer = lambda body: told(say, first, second)
    with RemoteModel(server.client(), "model-a") as model:
        text, label, table = chosen(LABELS, model.score(choose("x"), on_event=silent)[0])
    assert text == label == "refund"
    assert table["refund"] == pytest.approx(0.56 / 0.91, abs=0.02), "0.8 * 0.7, of what can be told apart"
    assert table["refund not showing up"] == pytest.approx(0.16 / 0.91, abs=0.02)


def test_another_strop_tells_its_probabilities_outright(server: Any, say: Say) -> None:
    table = {"cards": 0.25, "refund": 0.7, "refund not showing up": 0.05}

    def answer(body: dict[str, Any]) -> Any:
        if "logprobs" in body:
            return (400, {}, b'{"error": {"message": "logprobs is not supported"}}')
        return say("refund") | {"strop": {"label": "refund", "probabilities": table}}

    server.answer = answer
    with RemoteModel(server.client(concurrency=1), "model-a") as model:
        found = model.score(choose("x", "y"), on_event=silent)
        assert chosen(LABELS, found[0]).probabilities == pytest.approx(table)
    assert len(server.asked) == 3, "what it does not take is sent once"


@pytest.mark.parametrize("refuse", [True, False])
def test_without_probabilities_the_label_is_read_and_nothing_is_claimed(server: Any, say: Say, refuse: bool) -> None:
    def answer(body: dict[str, Any]) -> Any:
        if refuse and "logprobs" in body:
            return (400, {}, b'{"error": {"message": "logprobs are not available for this model"}}')
        return say({"x": "Refund.", "y": "hard to say"}[body["messages"][-1]["content"]])

    server.answer = answer
    with RemoteModel(server.client(), "model-a") as model:
        found = [chosen(LABELS, result) for result in model.score(choose("x", "y"), on_event=silent)]
        assert found == [("refund", "refund", {}), ("hard to say", None, {})]
        assert model.signature["labels"] == "written"


def test_a_server_that_stops_telling_tells_nothing(server: Any, say: Say) -> None:
    replies = [told(say, place("cards", cards=1.0)), say("cards")]
    server.answer = lambda body: replies.pop(0)
    with RemoteModel(server.client(concurrency=1), "model-a") as model:
        found = model.score(choose("x", "y"), on_event=silent)
    assert [result.logprobs for result in found] == [(), ()]


def test_an_answer_that_names_no_label_has_none(server: Any, say: Say) -> None:
    replies = [told(say, place("no", no=1.0), place(" idea", _idea=1.0)), told(say, place("cards", cards=1.0))]
    server.answer = lambda body: replies.pop(0)
    with RemoteModel(server.client(concurrency=1), "model-a") as model:
        found = [chosen(LABELS, result) for result in model.score(choose("x", "y"), on_event=silent)]
    assert [choice.label for choice in found] == [None, "cards"]
    assert found[1].probabilities


def test_fields_that_a_server_does_not_take_are_left_out(server: Any, say: Say) -> None:
    def answer(body: dict[str, Any]) -> Any:
        for field in ("max_tokens", "temperature"):
            if field in body:
                words = f"Unsupported parameter: '{field}'. Use 'max_completion_tokens' instead."
                return (400, {}, ('{"error": {"message": "' + words + '"}}').encode())
        return say("fine")

    server.answer = answer
    with RemoteModel(server.client(concurrency=1), "o-model") as model:
        assert [r.text for r in model.generate(ask("a", "b"), on_event=silent)] == ["fine", "fine"]
        assert model.signature["decoding"] == "the server's own"
    assert server.asked[-1]["max_completion_tokens"] == 32 and len(server.asked) == 4


def test_draws_are_asked_for_by_seed_and_each_is_kept_by_itself(server: Any, say: Say, tmp_path: Path) -> None:
    def answer(body: dict[str, Any]) -> Any:
        if "seed" in body and body["model"] == "no-seed":
            return (400, {}, b'{"error": {"message": "Unsupported parameter: \'seed\'"}}')
        return say(f"draw {len(server.asked)}")

    server.answer = answer
    for name in ("model-a", "no-seed"):
        (one,) = ask("a")
        draws = [one.model_copy(update={"temperature": 0.8, "seed": seed}) for seed in range(3)]
        for _ in range(2):  # the second time, all are kept
            with RemoteModel(server.client(concurrency=1), name, kept=Kept(tmp_path / name)) as model:
                texts = [r.text for r in model.generate([*draws, one], on_event=silent)]
                assert len(set(texts)) == 4
    assert [(b["temperature"], b.get("seed")) for b in server.asked[:4]] == [(0.8, 0), (0.8, 1), (0.8, 2), (0, None)]
    assert len(server.asked) == 4 + 5


def test_too_much_asked_of_vllm_takes_no_field_away(server: Any, say: Say) -> None:
    """The refusal of vLLM 0.32, which names the field: the next answer must not be asked for without its limit."""
    words = "max_tokens=9000 cannot be greater than max_model_len=8192. Please request fewer output tokens."
    refusal = {"message": f"{words} (parameter=max_tokens, value=9000)", "type": "BadRequestError", "code": 400}
    server.answer = lambda body: (
        (400, {}, json.dumps({"error": refusal}).encode()) if body["max_tokens"] > 8192 else say("fine")
    )
    with RemoteModel(server.client(concurrency=1), "tickets") as model:
        with pytest.raises(RemoteError, match="fewer output tokens") as told:
            model.generate([ask("a")[0].model_copy(update={"max_new_tokens": 9000})], on_event=silent)
        assert told.value.status == 400
        assert model.generate(ask("a"), on_event=silent)[0].text == "fine"
    assert [body["max_tokens"] for body in server.asked] == [9000, 32]


def test_where_vllm_tells_fewer_probabilities_than_asked_the_label_is_read(server: Any, say: Say) -> None:
    words = "Requested sample logprobs of 20, which is greater than max allowed: 5 (parameter=logprobs, value=20)"
    refusal = {"message": words, "type": "BadRequestError", "param": "logprobs", "code": 400}
    server.answer = lambda body: (
        (400, {}, json.dumps({"error": refusal}).encode()) if "logprobs" in body else say("refund")
    )
    with RemoteModel(server.client(), "tickets") as model:
        found = model.score(choose("x"), on_event=silent)[0]
    assert chosen(LABELS, found) == ("refund", "refund", {})


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ({"choices": []}, "another shape"),
        ({"choices": [{"message": None}]}, "another shape"),
        ({"choices": [{"message": {"content": [1]}}]}, "another shape"),
        ({"hello": 1}, "another shape"),
        ({"choices": [{"message": {"content": ""}, "finish_reason": "length"}]}, "used up its tokens"),
    ],
)
def test_a_reply_of_another_shape_is_refused(server: Any, reply: Any, message: str) -> None:
    server.answer = lambda body: reply
    with RemoteModel(server.client(), "model-a") as model, pytest.raises(RemoteError, match=message):
        model.generate(ask("hi"), on_event=silent)


def test_wild_probabilities_break_nothing(server: Any, say: Say) -> None:
    for content in ([{"token": "x"}], [{"token": "cards", "logprob": 1e9, "top_logprobs": [{}]}], "text", [3]):
        server.answer = lambda body, content=content: say("cards", logprobs={"content": content})
        with RemoteModel(server.client(), "model-a") as model:
            assert chosen(LABELS, model.score(choose("x"), on_event=silent)[0]).label == "cards"


def test_it_streams(server: Any) -> None:
    lines = [b'{"choices": [{"delta": {"role": "assistant", "content": ""}}]}']
    lines += [b'{"choices": [{"delta": {"content": "%s"}}]}' % piece for piece in (b"clay", b" mug")]
    lines += [b'{"choices": [{"delta": {}, "finish_reason": "stop"}]}']
    lines += [b'{"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}', b"[DONE]"]
    server.answer = lambda body: (200, {}, b"".join(b"data: " + line + b"\n\n" for line in lines))
    pieces: list[str] = []
    with RemoteModel(server.client(), "model-a") as model:
        result, prompt = model.stream(ask("hi")[0], pieces.append)
        assert (pieces, result.text, result.stopped, result.tokens, prompt) == (
            ["clay", " mug"],
            "clay mug",
            True,
            2,
            7,
        )
        server.answer = lambda body: (200, {}, b"".join(b"data: " + line + b"\n\n" for line in lines[:2]))
        with pytest.raises(RemoteError, match="broke off"):
            model.stream(ask("hi")[0], pieces.append)

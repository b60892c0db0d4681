"""Answers that are none: a model's refusal that got into the data (English, German, French, Spanish), signs without a
word, and answers that repeat what was asked or told."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from strop.curate.drafts import Draft
from strop.curate.faults import Sign
from strop.measure.alike.near import canonical_text

_SELF = re.compile(
    r"\b(?:as an? (?:ai|artificial intelligence|(?:large )?language model)\b|"
    r"i(?:['’]m| am) (?:just |only )?an? (?:ai|artificial intelligence|large language model|language model)\b|"
    r"als (?:ein )?(?:ki-?(?:sprach)?modell|sprachmodell|ki-?assistent)\b|"
    r"(?:als|ich bin (?:nur )?(?:eine )?) ?künstliche intelligenz\b|"
    r"(?:en tant qu['’]|je (?:ne )?suis (?:qu['’])?)une? (?:ia|intelligence artificielle|modèle de langage)\b|"
    r"en tant que (?:modèle de langage|ia)\b|"
    r"(?:como|soy) (?:una? )?(?:modelo de lenguaje|ia|inteligencia artificial)\b)",
    re.IGNORECASE,
)
_DECLINES = re.compile(
    r"\A\W*(?:(?:i(?:['’]m| am) )?(?:very |so )?(?:sorry|afraid|apologi[sz]e)\b,?\W*(?:but\W+)?)?"
    r"i(?:['’]m| am)? ?(?:can(?:no|['’])t|can not|am not able to|not able to|unable to|won['’]t)(?: be able to)? "
    r"(?:assist|help|comply|fulfil+|answer|provide|continue)(?: you)?(?: with)?"
    r"(?: (?:that|this|your|the))?(?: (?:request|question|information))?\W*\Z",
    re.IGNORECASE,
)
_DECLINES_ELSEWHERE = re.compile(
    r"\A\W*(?:"
    # German
    r"(?:(?:es )?tut mir (?:sehr |wirklich )?leid\W+|entschuldigung\W+|leider )?(?:aber )?"
    r"(?:(?:dabei|damit|hierbei|das|darauf|diese (?:frage|anfrage)) (?:kann|darf) ich|ich (?:kann|darf))"
    r"(?: (?:ihnen|dir|euch|dabei|damit|hierbei|das|darauf|leider|(?:bei dieser|diese) (?:frage|anfrage)))*"
    r" nicht (?:weiter)?(?:helfen|beantworten|antworten|erfüllen|behilflich sein)|"
    # French
    r"(?:(?:je suis )?(?:vraiment |sincèrement )?désolée?\W+)?(?:mais )?je ne (?:peux|puis) (?:malheureusement )?pas "
    r"(?:vous |y |te |t['’])?(?:aider|répondre|assister)(?: (?:avec|à|dans|sur) (?:cela|ça|(?:cette|votre) "
    r"(?:demande|question|requête)))?|"
    # Spanish
    r"(?:(?:lo siento|lo lamento|disculpa|disculpe)\W+)?(?:pero )?no puedo (?:ayudar|asistir|responder|contestar)"
    r"(?:te|le|les)?(?: (?:con|a|en) (?:eso|esto|(?:esa|esta|su|tu) (?:solicitud|pregunta|petición)))?"
    r")\W*\Z",
    re.IGNORECASE,
)
_LACKS = re.compile(
    r"\A\W*(?:(?:i(?:['’]m| am) )?(?:very |so )?(?:sorry|afraid)\b,?\W*(?:but\W+)?|unfortunately,?\W+|"
    r"(?:tut mir leid|leider)\W+(?:aber )?|(?:je suis )?désolée?\W+(?:mais )?|lo siento\W+(?:pero )?)?"
    r"(?:i (?:do not|don['’]t|am unable to) have (?:access to|enough|sufficient) (?:any |real[- ]time |the )*"
    r"(?:information|data|context|details)(?: to answer(?: (?:that|this|your) (?:question|request))?)?|"
    r"i(?:['’]m| am) (?:not able|unable) to (?:assist|help|answer|comply)(?: you)?(?: with)?"
    r"(?: (?:that|this|your|the))?(?: (?:request|question|information))?|"
    r"(?:ich )?habe (?:ich )?(?:leider )?(?:keinen zugriff auf|nicht genug|nicht genügend|keine ausreichenden) "
    r"(?:informationen|daten|angaben|echtzeitdaten)(?:,? um .{0,40})?|"
    r"je n['’]ai pas (?:assez|suffisamment) d['’]informations?(?: pour .{0,40})?|"
    r"je n['’]ai pas accès (?:à|aux) .{0,40}|"
    r"je ne suis pas en mesure (?:de|d['’]) ?.{0,60}|"
    r"no tengo (?:acceso a|suficiente|suficientes|bastante) .{0,60})\W*\Z",
    re.IGNORECASE,
)
"""An answer that says no more than that its author lacks what it takes."""
_ROLES = re.compile(
    r"\A\W*(?:user|human|prompt|question)\s?:.*\n\W*(?:assistant|ai|bot|answer|response)\s?:", re.I | re.S
)
_TEMPLATE = re.compile(
    r"<\|(?:im_start|im_end|system|user|assistant|begin_of_text|start_header_id|eot_id|endoftext)\|>|\[/?INST\]|<</?SYS>>|"
    r"<(?:start|end)_of_turn>|###\s?(?:Instruction|Response|Human|Assistant)\s?:"
)
_ASKS = re.compile(
    r"\b(?:ai|ki|bot|chatbot|robot|language model|sprachmodell|human|"
    r"künstliche intelligenz|ia|modèle de langage|modelo de lenguaje)\b",
    re.IGNORECASE,
)
_SAID = 300
"""Characters at an answer's beginning in which a model speaks of itself."""
_PREFACE = 20
"""Words up to which what stands before a repeated question is a preface."""
_TELLING = 8
"""Words from which a text that stands in an answer was copied, not said again."""


def no_answers(rows: Sequence[Draft], system: str | None) -> dict[str, Sign]:
    """Answers that refuse, show a chat template, or repeat the instruction or the question; free answers only.

    Args:
        rows: rows of one task.
        system: the task's instruction, which the rows do not repeat.
    """
    found = {}
    for row in rows:
        if (sign := _of(row, system)) is not None:
            found[row.identity] = sign
    return found


def _of(row: Draft, system: str | None) -> Sign | None:
    answer = row.answer.strip()
    if (match := _TEMPLATE.search(answer)) and match[0] not in row.asked:
        return Sign(0.0, f"shows a chat template: {match[0]!r}")
    if (match := _SELF.search(answer[:_SAID])) and not _ASKS.search(row.input):
        return Sign(0.05, f"a model speaks of itself: {match[0]!r}")
    if answer and all(unicodedata.category(char)[0] in "PZC" for char in answer):
        return Sign(0.0, f"says nothing: {answer[:20]!r}")
    if (match := _ROLES.match(answer)) and row.input.strip() and row.input.strip() in answer:
        return Sign(0.0, f"shows both turns: {answer[:20]!r}")
    if _DECLINES.match(answer) or _DECLINES_ELSEWHERE.match(answer) or _LACKS.match(answer):
        return Sign(0.1, f"refuses: {answer[:40]!r}")
    said = canonical_text(answer)
    for text, what in ((row.system or system or "", "the instruction"), (row.input, "the question")):
        told = canonical_text(text)
        held = told == said if what == "the question" else told in said
        if held and len(told.split()) >= _TELLING:
            return Sign(0.0, f"repeats {what}")
    return Sign(0.0, "repeats the question behind a few words of its own") if _leads_up_to(said, told) else None


def _leads_up_to(said: str, told: str) -> bool:
    """Whether an answer is the question again, with no more than a preface before it.

    What follows a repeated question may answer it, so nothing may.
    """
    if len(told.split()) < _TELLING:  # of signs without width nothing is left
        return False
    before, found, after = said.partition(told)
    return bool(found) and not after.strip() and len(before.split()) <= min(_PREFACE, len(told.split()))

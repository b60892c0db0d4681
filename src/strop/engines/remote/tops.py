"""From the likeliest tokens at each place of a written label to a distribution over the labels.

A server tells, for each token that it wrote, the likeliest tokens that it might have written instead. Where one of
those begins another label, the probability of turning off there is that label's. What is not told stays unknown, so
this is near the exact distribution only where labels differ early and few are likely.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from strop.engines.labels import named
from strop.records import JSON

_FLOOR = 1e-6
_SPECIAL = re.compile(r"<[|/]?[^<>]*[|]?>")
_END = re.compile(rf"{_SPECIAL.pattern}|\s*")


def label_logprobs(places: Sequence[Mapping[str, JSON]], options: Sequence[str]) -> tuple[float, ...] | None:
    """Log probability of each option; None where no option was near.

    Args:
        places: ``logprobs.content`` of a chat completion: token, logprob and top_logprobs at each place.
        options: the labels.
    """
    mass, followed, prefix = dict.fromkeys(options, 0.0), 1.0, ""
    for place in places:
        written = str(place["token"])
        for top in place.get("top_logprobs") or ():
            token = str(top["token"])
            if token != written and not _part_of_a_character(top):
                _share(mass, _begun_by(prefix, token, options), followed * math.exp(float(top["logprob"])))
        ended = place is places[-1] and _SPECIAL.fullmatch(written)  # vLLM tells of the token that ends the answer, too
        # Its own probability, not that of its text: llama-server writes every special token as an empty text.
        followed *= math.exp(float(place["logprob"]))
        prefix += "" if ended else written
    label = named(prefix, options)
    if label is not None:
        mass[label] += followed
    total = sum(mass.values())
    if total <= 0:
        return None
    unknown = max(1.0 - total, 0.0) / len(options)
    return tuple(math.log(max(value, min(unknown, 0.01), _FLOOR)) for value in mass.values())


def _begun_by(prefix: str, token: str, options: Sequence[str]) -> list[str]:
    """The options that begin with the text up to and with ``token`` (or are it, where the token ends the answer)."""
    if _END.fullmatch(token):
        return [option for option in options if _plain(option) == _plain(prefix)]
    text = _plain(prefix + token)
    return [option for option in options if text and _plain(option).startswith(text)]


def _part_of_a_character(top: Mapping[str, JSON]) -> bool:
    """Whether a token is a few bytes of a letter or sign: llama-server writes those as an empty text, too."""
    return not top["token"] and bool(top.get("bytes"))


def _share(mass: dict[str, float], options: Sequence[str], probability: float) -> None:
    for option in options:
        mass[option] += probability / len(options)


def _plain(text: str) -> str:
    return text.strip().strip("\"'`*").casefold()

"""How much a question helps with its answer: instruction-following difficulty (IFD), of free answers only.

The perplexity of the answer after its question over that of the answer alone (Li et al. 2024, From quantity to quality,
section 3), by the untuned first base of the ladder. Near 1 the question helps little, so there is something to learn;
at 1 and above it does not belong to its answer. Of labels it ranks nothing (all are near 0), so there it is refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from strop.curate.drafts import Draft
from strop.curate.work import Work
from strop.engines import bases, open_engine
from strop.engines.base import ScoreRequest
from strop.errors import InputError
from strop.records import Message
from strop.settings import cache_folder


def difficulties(rows: Sequence[Draft], work: Work) -> list[float]:
    """IFD of each row.

    Raises:
        InputError: where answers are labels.
    """
    if work.settings.task.kind == "classification":
        raise InputError(
            "data.selection is ifd, which ranks nothing where answers are labels",
            remedy="data.selection: facility_location",
        )
    told = work.settings.task.system
    begin = (Message(role="system", content=told),) if told else ()
    asked = [
        ScoreRequest(
            messages=(
                *(begin if row.system is None else ()),
                *(Message(role=role, content=text) for role, text in row.turns),
            ),
            options=(row.answer,),
        )
        for row in rows
    ]
    base = bases.find(cache_folder(), work.settings.ladder.first_base("data.selection: ifd"))
    with open_engine(base.engine).open(base, None) as model:
        scored = model.score(asked, on_event=work.on_event)
        alone = model.nll([row.answer for row in rows], on_event=work.on_event)
    # The stop token belongs to the answer after its question only.
    return [
        math.exp(min(-after.logprobs[0] / (one.tokens + 1) - one.nats / max(one.tokens, 1), 700.0))
        for after, one in zip(scored, alone, strict=True)
    ]

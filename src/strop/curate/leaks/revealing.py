"""Rows that give a held-out row away though they do not ask the same: they quote, rewrite, disguise or paraphrase it.

Beside these stand the layers of ``duplicates``: the same question, and nearly the same shingles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from strop.curate.alike.comparing import Comparison
from strop.curate.alike.duplicates import Repeat
from strop.curate.attributes import attributes
from strop.curate.drafts import Draft
from strop.curate.finding.embedding import embed
from strop.curate.finding.paraphrases import common_pieces
from strop.curate.leaks.traits import Seen
from strop.measure.alike.disguised import consonants, disguised
from strop.measure.alike.quoted import LEAST, LETTERS, Hashes, at_edges, is_sentence, standing
from strop.measure.alike.rewritten import Least, Rewritten, rewritten
from strop.records import Listener, Reason
from strop.settings import Settings

LEAK: Final[Reason] = "leaks_evaluation"
BY_MEANING: Final = 0.1
"""1 - cosine below which a row says what a held-out row says; ``data.faults`` moves it. Of such pairs of tickets 98 %
had one intent (docs/log.md)."""
_AGAIN: Final = 0.5
"""Part of that distance when one looks again: the directions of other rows are a little other ones."""
_SURER: Final = 1.2
"""How many times as much a rewritten row has to have in common then: rare words are a little other ones, too."""
_FEW_WORDS: Final = 4
_FEW_LETTERS: Final = 12
"""Words and letters from which a held-out question is known again where it is a row's first or last sentence. Of 13,041
rows of ten sets 4 begin or end so with a held-out question of their label, all tickets that go on (docs/log.md)."""
_MOST = 50_000
_BLOCK = 1_000


def layers(settings: Settings) -> list[str]:
    """What is looked for, by name."""
    by_meaning = [f"meaning ({settings.data.embedder})"] if settings.data.embedder else []
    return ["same question", "near duplicate", "quoted", "rewritten", "disguised", *by_meaning]


def quoting(mine: Seen, held: Seen, compare: Comparison) -> list[Repeat]:
    """Rows in whose question or answer the whole question of a held-out row stands, word for word; ``of`` counts in
    ``held``. Labels must be the same; attributes are no question that can be quoted: further ones make another.

    A question of few words is quoted by a row that asks it in sentences of its own, first or last, and says more.
    """
    theirs = held.traits
    asked = np.flatnonzero(~theirs.form & (theirs.letters >= LETTERS) & (theirs.spoken >= LEAST))
    wanted = theirs.said.beginnings(theirs.spoken)[asked]
    labels = _labels(mine, held, compare)
    hits = standing(mine.traits.said, wanted, keys=labels and (labels[0], labels[1][asked]))
    found = {hit.text: int(asked[hit.wanted]) for hit in hits}
    short = np.flatnonzero(~theirs.form & (theirs.letters >= _FEW_LETTERS))
    keys = labels and (labels[0], labels[1][short])
    for edge in at_edges(mine.traits.asked, theirs.asked[short], least=_FEW_WORDS, most=LEAST - 1, keys=keys):
        of = int(short[edge.wanted])
        if edge.text not in found and is_sentence(
            compare.asked(mine.rows[edge.text]), int(theirs.asked.sizes[of]), begins=edge.begins
        ):
            found[edge.text] = of
    return [Repeat(text, LEAK, of) for text, of in found.items()]


def rewriting(mine: Seen, held: Seen, compare: Comparison, *, again: bool = False) -> list[Repeat]:
    """Rows that ask what a held-out row asks with its words in another order, a part of them, or more around them.

    Labels must be the same. Attributes are another question when some are left out or added, unless the answer is the
    same; ``again`` as in :func:`by_meaning`.
    """
    found = rewritten(
        mine.traits.asked, held.traits.asked, least=_least(again=again), keys=_labels(mine, held, compare)
    )
    return [Repeat(one.text, LEAK, one.of, one.share) for one in found if _gives_away(mine, held, one, compare)]


def disguising(mine: Seen, held: Seen, compare: Comparison, *, again: bool = False) -> list[Repeat]:
    """Rows that ask what a held-out row asks, with its letters swapped, left out, replaced or spaced out; in one
    conversation it may be the last question alone.

    Labels must be the same; ``again`` as in :func:`by_meaning`.
    """
    found = disguised(
        mine.traits.disguise,
        held.traits.disguise,
        text=lambda number: compare.asked(mine.rows[number]),
        other=lambda number: compare.asked(held.rows[number]),
        least=_least(again=again),
        keys=_labels(mine, held, compare),
    )
    every = {one.text: one for one in (*_last_disguised(mine, held, compare), *found)}
    leaks = (every[number] for number in sorted(every))
    return [Repeat(one.text, LEAK, one.of, one.share) for one in leaks if _gives_away(mine, held, one, compare)]


def _last_disguised(mine: Seen, held: Seen, compare: Comparison) -> list[Rewritten]:
    """Rows that share all turns with a held-out row but the last, which is its last one in disguise, as a whole: the
    turns before can be read, so that the conversation is no disguise of the other."""
    number: dict[object, int] = {}
    theirs = [n for n, row in enumerate(held.rows) if _in_conversation(row)]
    if not theirs:
        return []
    names = [number.setdefault(_before(held.rows[n], compare), len(number)) for n in theirs]
    mine_in = [n for n, row in enumerate(mine.rows) if _in_conversation(row) and _before(row, compare) in number]
    if not mine_in:
        return []
    last, other = ([rows[n].turns[-1][1] for n in at] for rows, at in ((mine.rows, mine_in), (held.rows, theirs)))
    keys = np.array([number[_before(mine.rows[n], compare)] for n in mine_in], np.uint64), np.array(names, np.uint64)
    found = disguised(
        consonants(last), consonants(other), text=last.__getitem__, other=other.__getitem__, least=Least(), keys=keys
    )
    return [Rewritten(mine_in[one.text], theirs[one.of], one.share) for one in found if one.share == 1]


def _in_conversation(row: Draft) -> bool:
    return len(row.turns) > 1 and any(role != "system" for role, _ in row.turns[:-1])


def _before(row: Draft, compare: Comparison) -> object:
    """The turns before the last; of classification the label, too."""
    return row.turns[:-1], row.answer if compare.kind == "classification" else ""


def by_meaning(
    rows: Sequence[Draft], held: Sequence[Draft], settings: Settings, on_event: Listener, *, again: bool = False
) -> list[Repeat]:
    """Rows that ask in other words what a held-out row asks, by the embedder that strop.yaml names; none without one.

    Args:
        rows: those that may be trained on.
        held: those that are held out.
        settings: strop.yaml.
        on_event: told what a model does.
        again: whether these rows were looked through before: then only what is clearer still is found.
    """
    named = settings.data.embedder
    if named is None or not rows or not held or len(rows) + len(held) > _MOST:
        return []
    vectors = embed([row.asked for row in (*rows, *held)], settings, on_event)
    mine, theirs = vectors[: len(rows)], vectors[len(rows) :]
    limit = settings.data.faults.get(LEAK, BY_MEANING) * (_AGAIN if again else 1)
    labelled = settings.task.kind == "classification"
    answers = np.array([row.answer for row in held], dtype=object)
    form = np.array([bool(attributes(row.input)) for row in held])
    found = []
    for start in range(0, len(rows), _BLOCK):
        cosines = mine[start : start + _BLOCK] @ theirs.T
        cosines[:, form] = -1
        for offset, line in enumerate(cosines):
            row = rows[start + offset]
            if labelled:
                line = np.where(answers == row.answer, line, -1)
            other = int(line.argmax())
            cosine = float(line[other])
            alike = named != "svd" or common_pieces(row.asked, held[other].asked)
            if 1 - cosine < limit and alike:
                found.append(Repeat(start + offset, LEAK, other, cosine))
    return found


def _least(*, again: bool) -> Least:
    return Least().times(_SURER if again else 1)


def _labels(mine: Seen, held: Seen, compare: Comparison) -> tuple[Hashes, Hashes] | None:
    """What must be the same of a row and of one that it gives away; None where answers are no labels."""
    return (mine.traits.labels, held.traits.labels) if compare.kind == "classification" else None


def _gives_away(mine: Seen, held: Seen, one: Rewritten, compare: Comparison) -> bool:
    if compare.closed or one.share == 1 or not (held.traits.form[one.of] or mine.traits.form[one.text]):
        return True
    return bool(np.array_equal(mine.traits.answer[one.text], held.traits.answer[one.of]))

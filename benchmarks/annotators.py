"""How well are labels told that somebody got wrong because the text misled them, against out-of-fold probabilities?

    python benchmarks/annotators.py [--data ../shared/data] [--rows 700] [--repeats 1] [--locale FOLDER] [--json FILE]

Labels flipped by chance are easy to find; those that people get wrong are the ones that look right. So a weak annotator
plays them: logistic regression that saw 12 rows a label. Of the other rows on which it errs a share is drawn, and they
get the label that it gave. Of each row, strop's score (``label_suspect``) and, from the same texts, five folds of the
classical engine's logistic regression: the probability of the given label (self-confidence) and its distance to the
best other (normalised margin), the two scores of confident learning (Northcutt et al. 2021). AUROC of telling the rows
that got a wrong label; the difference to the better of the two with a 95 % interval (paired bootstrap over rows).

Texts in other languages: FOLDER is the package ``django`` (BSD) as pip unpacks it, whose messages in German, French,
Spanish, Russian, Japanese and Polish are to be told by the part of Django that they come from.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from strop.curate.finding import foretold
from strop.engines import classical

SETS = ("tickets_banking15", "fin_news_sentiment", "drift_commits", "contract_nli_clauses", "earnings_tone")
LANGUAGES = ("de", "fr", "es", "ru", "ja", "pl")
RATES = (0.05, 0.15, 0.02)
"""Shares of rows that get a wrong label; each draws its own rows."""
TAUGHT = 12
"""Rows of each label that the weak annotator saw."""
LEAST = 20
"""Messages that a part of Django must have."""
Rows = tuple[list[str], list[str]]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--rows", type=int, default=700)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--locale", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(arguments)
    lines = []
    print(f"{'set':24} {'labels':>6} {'rows':>5} {'wrong':>6}  strop  self-c. margin  strop - better of them")
    for name, rows in sets(asked.data, asked.locale, asked.rows):
        for seed, rate in enumerate(RATES * asked.repeats):
            one = {"set": name, "rate": rate, "seed": seed, **measured(*misled(rows, rate, seed))}
            lines.append(one)
            told = f"{one['strop']:6.3f} {one['self']:8.3f} {one['margin']:6.3f}"
            gain = f"{one['gain']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}]"
            print(f"{name:24} {one['labels']:6} {one['rows']:5} {one['wrong']:6}  {told}  {gain}", flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(lines, indent=1), "utf-8")
    return 0


def sets(data: Path, locale: Path | None, most: int) -> Iterator[tuple[str, Rows]]:
    """Texts and labels by name."""
    for name in SETS if data.is_dir() else ():
        lines = (data / name / "train.jsonl").read_text("utf-8").splitlines()[:most]
        turns = [json.loads(line)["messages"] for line in lines]
        yield name, ([one[-2]["content"] for one in turns], [one[-1]["content"] for one in turns])
    for language in LANGUAGES if locale else ():
        yield f"django, {language}", messages(locale, language)


def messages(package: Path, language: str) -> Rows:
    """Translated messages, and the part of Django that each comes from."""
    by_part: dict[str, list[str]] = {}
    for file in sorted(package.glob(f"**/locale/{language}/LC_MESSAGES/django.po")):
        found = re.findall(r'^msgstr(?:\[0\])? ((?:".*"\n)+)', file.read_text("utf-8"), re.MULTILINE)[1:]
        texts = ["".join(ast.literal_eval(piece) for piece in one.splitlines()).strip() for one in found]
        by_part[file.parents[3].name] = sorted({text for text in texts if len(text) > 2})
    named = {part: texts for part, texts in by_part.items() if len(texts) >= LEAST}
    return [t for texts in named.values() for t in texts], [part for part, texts in named.items() for _ in texts]


def misled(rows: Rows, rate: float, seed: int) -> tuple[list[str], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Texts, the labels that they got, and which are wrong; the rows that taught the annotator are left out."""
    texts, names = rows
    labels = np.unique(names, return_inverse=True)[1]
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    taught = np.concatenate([order[labels[order] == label][:TAUGHT] for label in range(labels.max() + 1)])
    others = np.setdiff1d(np.arange(len(labels)), taught)
    shares = probabilities([texts[n] for n in taught], labels[taught], [texts[n] for n in others])
    given, said = labels[others].copy(), shares.argmax(axis=1)
    errs = np.flatnonzero(said != given)
    wrong = np.zeros(len(others), dtype=bool)
    wrong[rng.choice(errs, min(len(errs), round(rate * len(others))), replace=False)] = True
    given[wrong] = said[wrong]
    return [texts[n] for n in others], given, wrong


def probabilities(texts: Sequence[str], labels: npt.NDArray[np.int64], of: Sequence[str]) -> npt.NDArray[np.float64]:
    """What the classical engine's method says of texts: a column a label that it was shown (all of them, here)."""
    views = {name: classical.TfidfVectorizer(**options).fit(texts) for name, options in classical._VIEWS.items()}
    model = LogisticRegression(C=classical._C, class_weight=classical._WEIGHT, max_iter=1000)
    model.fit(classical.seen(views, texts), labels)
    found = np.zeros((len(of), int(labels.max()) + 1))
    found[:, model.classes_] = model.predict_proba(classical.seen(views, of))
    return found


def out_of_fold(texts: Sequence[str], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Of each row what a model says that learned from the other four fifths."""
    found = np.zeros((len(labels), int(labels.max()) + 1))
    for learn, ask in StratifiedKFold(5, shuffle=True, random_state=0).split(np.zeros(len(labels)), labels):
        part = probabilities([texts[n] for n in learn], labels[learn], [texts[n] for n in ask])
        found[ask, : part.shape[1]] = part
    return found


def measured(texts: Sequence[str], labels: npt.NDArray[np.int64], wrong: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """AUROC of the three scores, and what strop's gains on the better of the other two."""
    scores = {"strop": np.asarray(foretold.fitted(texts, labels.tolist())["right"], dtype=np.float64)}
    shares = out_of_fold(texts, labels)
    own = shares[np.arange(len(labels)), labels]
    others = shares.copy()
    others[np.arange(len(labels)), labels] = -1
    scores |= {"self": own, "margin": own - others.max(axis=1)}
    told: dict[str, Any] = {name: auroc(score, wrong) for name, score in scores.items()}
    better = scores[max(("self", "margin"), key=told.__getitem__)]
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(500):
        drawn = rng.integers(len(labels), size=len(labels))
        if wrong[drawn].any():
            gains.append(auroc(scores["strop"][drawn], wrong[drawn]) - auroc(better[drawn], wrong[drawn]))
    low, high = np.quantile(gains, [0.025, 0.975])
    gain = told["strop"] - max(told["self"], told["margin"])
    counts = {"rows": len(labels), "labels": int(labels.max()) + 1, "wrong": int(wrong.sum())}
    return {**counts, **told, "gain": gain, "low": float(low), "high": float(high)}


def auroc(scores: npt.NDArray[np.float64], wrong: npt.NDArray[np.bool_]) -> float:
    """How probable it is that a wrong label has the lower score than a right one."""
    ranks = rankdata(-scores)
    bad, good = int(wrong.sum()), int((~wrong).sum())
    return float((ranks[wrong].sum() - bad * (bad + 1) / 2) / (bad * good))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""A measure of your own: a Python function beside strop.yaml, named in ``measures``, with intervals like any other.

python recipes/06_own_measure.py [FOLDER]
"""

import sys
import tempfile
from pathlib import Path

import strop
from strop import demo

MEASURE = '''\
"""How we like our descriptions."""


def short_sentences(example, answer):
    """The share of sentences with at most 14 words; None where there is no answer to judge."""
    sentences = [part for part in answer.split(".") if part.strip()]
    return sum(len(part.split()) <= 14 for part in sentences) / len(sentences) if sentences else None
'''


def main(folder: Path) -> None:
    """The shipped scenario with one more measure."""
    shop = folder / "shop"
    demo.write_project_data(shop, quick=True)
    (shop / "house.py").write_text(MEASURE, "utf-8")
    settings = demo.settings("fake-small") + "measures: [house:short_sentences]\n"
    (shop / "strop.yaml").write_text(settings, "utf-8")
    project = strop.open(shop)
    project.curate()
    _, candidate = project.tune()
    report = project.evaluate([candidate.id]).reports[0]
    for name, measured in report.measures.items():
        print(f"{name:20} {measured.value:.3f} [{measured.low:.3f}, {measured.high:.3f}] on {measured.n} items")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else temporary).resolve())

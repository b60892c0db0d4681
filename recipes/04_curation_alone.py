"""Curation by itself: raw rows in, rows by split and a ledger line for every raw row out. No project, no store.

python recipes/04_curation_alone.py
"""

import tempfile
from collections import Counter
from pathlib import Path

from strop import curate, demo
from strop.settings import Data, Settings, Source, Task


def main(folder: Path) -> None:
    """The shipped rows, which hold faults that were planted on purpose."""
    demo.write_project_data(folder)
    sources = (Source(path="data/train.jsonl"), Source(path="data/test.jsonl", split="test"))
    settings = Settings(task=Task(kind="generation"), data=Data(sources=sources, max_tokens=320))
    made = curate.curate(settings, project=folder, key=b"a key of your own")
    rows = made.rows
    print(f"{rows.read} read = {rows.kept} kept + {rows.held_out} held out + {rows.dropped} dropped ", end="")
    print(f"+ {rows.quarantined} quarantined")
    print(f"every raw row has one line: {len({(line.source, line.line) for line in made.ledger}) == rows.read}")
    for reason, count in Counter(line.reason for line in made.ledger if line.reason).most_common():
        shown = next(line for line in made.ledger if line.reason == reason)
        place = f", of {shown.of}" if shown.of else ""
        print(f"{count:4} {reason:20} e.g. {shown.source}:{shown.line}{place} {shown.detail}")
    print(f"personal data masked: {made.personal_data or 'none found'}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(Path(temporary))

"""Exact and near duplicates by MinHash: strop against datatrove and Data-Juicer, on the step that all have.

    python benchmarks/deduplication.py [--data FOLDER] [--rows N] [--datatrove FOLDER] [--juicer FOLDER] [--json FILE]

Every way reads the same JSON lines, takes the same texts (case folded, white space collapsed) as sets of 5 characters
in a row, and keeps the first row of those that are alike. Peers have strop's 128 permutations and bands (a pair at the
threshold is found with a chance of .995), and once more what they choose themselves; neither compares what it found
with the real similarity, as strop does, so others leave as well. Each runs in a process of its own with one thread;
processor time is read from outside, and that of the same process with 50 rows is taken off (starting and importing).

The finds come first: which rows must go is told by brute force on the shared tickets (an earlier row with that Jaccard
similarity, of sets made here), and by what was planted in invented rows; a way that finds less than 95 % of strop's is
not compared.

A peer is a folder that pip installed it into, apart from strop (pip install --target FOLDER datatrove tokenizers scipy
regex; py-data-juicer aiohttp). One that is not there is skipped and said so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from curation import invented
from scipy import sparse

from strop.measure.alike.near import CHARACTERS, PERMUTATIONS, band_rows, canonical_text, shingles

THRESHOLD = 0.7
START = 50
"""Rows of the run that is taken off."""
TOLD = 10_000
"""Rows from which times are compared: of fewer, starting is most."""
LEAST = 0.95
OWN = ", own bands"
OWN_BANDS = {"datatrove": (14, 8), "Data-Juicer": (0, 0)}
"""Bands and rows a band: datatrove's defaults; Data-Juicer finds its own by the threshold."""
CHILDREN = {
    "strop": """
import json, sys
from strop.measure import near_duplicates
rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
gone = {pair.j for pair in near_duplicates([row["text"] for row in rows], threshold=float(sys.argv[3]))}
with open(sys.argv[2], "w", encoding="utf-8") as kept:
    kept.writelines(json.dumps(row) + "\\n" for number, row in enumerate(rows) if number not in gone)
""",
    "strop, all of curation": """
import json, sys
from pathlib import Path
from strop.curate import curate
from strop.settings import Settings
data = {"sources": [sys.argv[1]], "columns": {"input": "text", "output": "label"}}
made = curate(Settings.model_validate({"task": {"kind": "classification"}, "data": data}),
              project=Path("."), key=bytes(range(32)))
with open(sys.argv[2], "w", encoding="utf-8") as kept:
    kept.writelines(row.model_dump_json() + "\\n" for row in made.examples.values())
""",
    "datatrove": """
import sys, tempfile
from datatrove.pipeline.dedup import minhash
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.text import TextNormConfig

class Characters:
    def word_tokenize(self, text):
        return list(text)

minhash.load_word_tokenizer = lambda language: Characters()
plain = TextNormConfig(*[False] * len(TextNormConfig.__dataclass_fields__))
bands, rows = int(sys.argv[4]), int(sys.argv[5])
how = minhash.MinhashConfig(n_grams=5, num_buckets=bands, hashes_per_bucket=rows, norm_config=plain)
source, target = sys.argv[1].rsplit("/", 1), sys.argv[2].rsplit("/", 1)
with tempfile.TemporaryDirectory() as work:
    read = lambda: JsonlReader(source[0], glob_pattern=source[1])()
    minhash.MinhashDedupSignature(f"{work}/signatures", config=how).run(read())
    for band in range(bands):
        minhash.MinhashDedupBuckets(f"{work}/signatures", f"{work}/pairs", config=how).run(None, band, bands)
    minhash.MinhashDedupCluster(f"{work}/pairs", f"{work}/gone", config=how).run()
    left = minhash.MinhashDedupFilter(f"{work}/gone").run(read())
    for _ in JsonlWriter(target[0], output_filename=target[1], compression=None).run(left):
        pass
""",
    "Data-Juicer": """
import sys
import datasets
from data_juicer.ops.deduplicator.document_minhash_deduplicator import DocumentMinhashDeduplicator
datasets.disable_caching()
how = DocumentMinhashDeduplicator(tokenization="character", window_size=5, num_permutations=128,
    jaccard_threshold=float(sys.argv[3]), num_bands=int(sys.argv[4]) or None,
    num_rows_per_band=int(sys.argv[5]) or None)
rows = datasets.Dataset.from_json(sys.argv[1], keep_in_memory=True)
kept, _ = how.process(rows.map(how.compute_hash))
kept.to_json(sys.argv[2])
""",
}


def run(way: str, source: Path, folder: Path | None) -> tuple[set[int], float]:
    """The ids that a way keeps, and the processor seconds of its process."""
    rows = band_rows(THRESHOLD)
    bands = PERMUTATIONS // rows
    if way.endswith(OWN):
        way = way.removesuffix(OWN)
        bands, rows = OWN_BANDS[way]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    if folder is not None:
        environment["PYTHONPATH"] = str(folder)
    target = source.with_suffix(".kept.jsonl")
    command = [sys.executable, "-c", CHILDREN[way], str(source), str(target), str(THRESHOLD)]
    log = source.with_suffix(".log")
    with log.open("w") as told:
        child = subprocess.Popen([*command, str(bands), str(rows)], env=environment, stdout=told, stderr=told)
        _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f"{way} failed:\n{log.read_text()[-2000:]}")
    kept = (json.loads(line) for line in target.read_text("utf-8").splitlines())
    ids = {int(str(row.get("name") or row.get("id"))[1:]) for row in kept}
    target.unlink()
    return ids, usage.ru_utime + usage.ru_stime


def brute_force(texts: Sequence[str]) -> set[int]:
    """Rows that are as similar as the threshold to an earlier one, all pairs compared."""
    known: dict[str, int] = {}
    sets = [[known.setdefault(piece, len(known)) for piece in shingles(text)] for text in texts]
    starts = np.cumsum([0, *map(len, sets)])
    held = sparse.csr_matrix(
        (np.ones(starts[-1], dtype=np.int32), np.concatenate(sets), starts), shape=(len(texts), len(known))
    )
    sizes = np.diff(starts)
    shared = sparse.triu(held @ held.T, k=1).tocoo()
    alike = shared.data / (sizes[shared.row] + sizes[shared.col] - shared.data) >= THRESHOLD
    return set(shared.col[alike].tolist())


def compare(name: str, rows: list[dict[str, Any]], must_go: set[int], folders: dict[str, Path | None]) -> list[Any]:
    """A table of what each way finds, and in which time."""
    table: list[dict[str, Any]] = []
    print(
        f"\n{name}: {len(rows)} rows, {len(must_go)} must go\n{'way':24} {'found':>16} {'others gone':>12} {'CPU s':>8}"
    )
    with tempfile.TemporaryDirectory() as work:
        source, little = Path(work) / "rows.jsonl", Path(work) / "little.jsonl"
        for path, some in ((source, rows), (little, rows[:START])):
            path.write_text("".join(json.dumps(row) + "\n" for row in some), "utf-8")
        for way in (*CHILDREN, *(peer + OWN for peer in OWN_BANDS)):
            folder = folders.get(way.removesuffix(OWN))
            if folder is None and not way.startswith("strop"):
                print(f"{way:24} not installed: skipped")
                continue
            kept, seconds = run(way, source, folder)
            seconds -= run(way, little, folder)[1]
            gone = set(range(len(rows))) - kept
            found = len(gone & must_go)
            table.append({"way": way, "found": found, "others": len(gone - must_go), "cpu_seconds": seconds})
            share = f"{found} ({found / len(must_go):.3f})"
            print(f"{way:24} {share:>16} {len(gone - must_go):>12} {seconds:>8.2f}")
    for one in table[2:] if len(rows) >= TOLD else ():
        if one["found"] >= LEAST * table[0]["found"]:
            print(f"strop is {one['cpu_seconds'] / table[0]['cpu_seconds']:.1f} times as fast as {one['way']}")
        else:
            print(f"{one['way']} finds less than {LEAST:.0%} of what strop finds: its time is not compared")
    return table


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path(__file__).parent.parent.parent / "shared" / "data")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--datatrove", type=Path, help="the folder that it was installed into")
    parser.add_argument("--juicer", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(arguments)
    folders = {"datatrove": asked.datatrove, "Data-Juicer": asked.juicer}
    made: dict[str, Any] = {"threshold": THRESHOLD, "shingle": CHARACTERS, "processor": platform.processor()}
    tickets = asked.data / "tickets_banking15_noisy" / "train.jsonl"
    if tickets.is_file():
        read = [json.loads(line) for line in tickets.read_text("utf-8").splitlines()]
        rows = [
            {"id": f"r{n}", "text": canonical_text(next(t["content"] for t in row["messages"] if t["role"] == "user")),
             "label": row["messages"][-1]["content"]}
            for n, row in enumerate(read)
        ]  # fmt: skip
        made["tickets"] = compare("tickets_banking15_noisy", rows, brute_force([r["text"] for r in rows]), folders)
    else:
        print("the public data sets are not beside this checkout: the tickets are skipped")
    new, _ = invented(asked.rows, seed=1)
    seen: set[str] = set()
    must_go, rows = set(), []
    for number, row in enumerate(new):
        text = canonical_text(row["text"])
        core = text.removeprefix("hello, ").removesuffix(" thanks!")
        if core in seen:
            must_go.add(number)
        seen.add(core)
        rows.append({"id": f"r{number}", "text": text, "label": row["label"]})
    made["invented"] = compare("invented rows", rows, must_go, folders)
    if asked.json:
        asked.json.write_text(json.dumps(made, indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""The shipped scenario: Larkfell Outdoor, an invented shop that describes its wares in a house style."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from strop import durable

QUICK_ROWS = 80
"""Training rows of a quick demo, with the faults that stand among them."""

QUICK_TEST = 40
"""Test items of a quick demo."""

_SETTINGS = """\
# Larkfell Outdoor: attributes in, a product description in the house style out.
task:
  name: descriptions
  kind: generation
  style: data/style_guide.json
  max_new_tokens: 96
data:
  sources:
    - data/train.jsonl
    - {{path: data/test.jsonl, split: test}}
  columns: {{slices: [family]}}
  max_tokens: 320
ladder:
  bases: [{base}]
  shots: {shots}
tune:
  base_kl: 1  # hold the tuned model close to its base on neutral text: less is forgotten
  num_train_epochs: 2
  per_device_train_batch_size: 8
live:
  retrain: {{corrections: {corrections}}}
"""

_GLANCE = """\
decision:
  guard: {general_ability: 0.05}  # a wide margin is settled by few items
"""


def settings(base: str, *, quick: bool = False) -> str:
    """strop.yaml of the demo, on a base; ``quick`` shows no examples, retrains sooner and guards with a wide margin."""
    shots, corrections = (0, 10) if quick else (4, 40)
    return _SETTINGS.format(base=base, shots=shots, corrections=corrections) + (_GLANCE if quick else "")


def data_folder() -> Path:
    """The shipped files: ``train.jsonl``, ``test.jsonl``, ``style_guide.json``, ``faults_key.jsonl`` and ``later/``.

    The key says which training rows were spoiled on purpose; it scores a cleaner and is never shown to one.
    """
    return Path(str(files(__name__) / "data"))


def write_project_data(folder: Path, quick: bool = False) -> None:
    """Copy what a project needs into ``folder/data``: training rows with their faults, test rows, style guide.

    ``quick`` stops after the first 80 training rows and the first 40 test rows; the order is mixed, so they bring their
    share of the faults and families.
    """
    source, target = data_folder(), folder / "data"
    rows, test = ((source / name).read_bytes().splitlines(keepends=True) for name in ("train.jsonl", "test.jsonl"))
    if quick:
        rows, test = rows[:QUICK_ROWS], test[:QUICK_TEST]
    durable.write_bytes(target / "train.jsonl", b"".join(rows))
    durable.write_bytes(target / "test.jsonl", b"".join(test))
    durable.write_bytes(target / "style_guide.json", (source / "style_guide.json").read_bytes())

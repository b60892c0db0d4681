"""From rows to a verdict: one file in, every row accounted for, the ladder climbed, the sealed test set opened once.

python recipes/01_first_turn.py [FOLDER]
"""

import sys
import tempfile
from pathlib import Path

import strop

WHO = ("my sister", "a colleague", "our office", "the landlord", "somebody", "my bank", "a friend", "the shop")
SAYS = (
    ("cards", "{} lost the blue card on a train and needs number {} blocked"),
    ("cards", "the card of {} was swallowed by machine {} at the station"),
    ("refunds", "{} waits for the money back on order {} since last week"),
    ("refunds", "when does {} get the refund that was promised for parcel {}"),
)


def write_rows(path: Path) -> None:
    """Invented tickets in two queues, as a CSV."""
    lines = [
        f"{text.format(who, 17 * number + place)},{queue}"
        for number in range(10)
        for place, who in enumerate(WHO)
        for queue, text in SAYS
    ]
    path.write_text("\n".join(["text,label", *lines, lines[0]]) + "\n", "utf-8")  # the last row repeats the first


def main(folder: Path) -> None:
    """Curate, choose, decide; verify recomputes the verdict from what was stored."""
    write_rows(folder / "tickets.csv")
    project = strop.init(folder / "tickets", folder / "tickets.csv")
    project = strop.open(folder / "tickets", overrides=["ladder.bases=[fake-small]"])
    dataset = project.curate()
    print(f"rows: {dataset.rows.read} read, {dataset.rows.kept} kept, {dataset.rows.held_out} held out, ", end="")
    print(f"{dataset.rows.dropped} dropped, {dataset.rows.quarantined} quarantined")
    ladder = project.choose()
    for step in ladder.steps:
        measured = step.measures[project.primary]
        print(f"rung {step.name}: {project.primary} {measured.value:.3f} [{measured.low:.3f}, {measured.high:.3f}]")
    print(f"fine-tune? {ladder.fine_tune}")
    decision = project.decide()
    print(decision.sentence)
    print(f"recomputed: {'the same' if not project.verify(decision.id) else 'differs'}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else temporary).resolve())

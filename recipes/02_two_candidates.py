"""Is the tuned model better than the prompt? Both answer the same items, so their difference has a narrow interval.

python recipes/02_two_candidates.py [FOLDER]
"""

import sys
import tempfile
from pathlib import Path

import strop
from strop import demo


def main(folder: Path) -> None:
    """The shipped scenario: a prompt with examples against a tuned candidate, on the validation items."""
    shop = folder / "shop"
    demo.write_project_data(shop)
    (shop / "strop.yaml").write_text(demo.settings("fake-small"), "utf-8")
    project = strop.open(shop)
    project.curate()
    ladder = project.choose()
    prompt = next(step.candidate for step in reversed(ladder.steps) if step.method == "prompt")
    _, tuned = project.tune()
    found = project.evaluate([tuned.id, prompt])
    for name, report in zip(("tuned", "prompt"), found.reports, strict=True):
        own = report.measures[project.primary]
        print(f"{name:6} {project.primary} {own.value:.3f} [{own.low:.3f}, {own.high:.3f}] on {own.n} items")
    paired = found.differences[project.primary]
    print(f"tuned - prompt, paired: {paired.value:+.3f} [{paired.low:+.3f}, {paired.high:+.3f}]")
    print("shown to be better" if paired.low > 0 else "not shown to be better on these items")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else temporary).resolve())

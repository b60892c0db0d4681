"""Serve a release in this process, take feedback on an answer, and see a review become a row of the next version.

python recipes/05_serve_and_listen.py [FOLDER]
"""

import sys
import tempfile
from pathlib import Path

import strop
from strop import demo
from strop.records import Message
from strop.serve import Asked

QUESTION = "name: Fernhollow lamp\nfamily: camp lamp\nweight: 310 g\nrun time: 14 hours\nprice: 42 euros"


def main(folder: Path) -> None:
    """One turn on the shipped scenario, then one visitor, one complaint and one editor."""
    shop = folder / "shop"
    demo.write_project_data(shop)
    (shop / "strop.yaml").write_text(demo.settings("fake-small"), "utf-8")
    project = strop.open(shop)
    print(f"verdict: {strop.turn(project).decision.verdict}")
    release = project.promote(by="recipe")
    print(f"{release.alias} is served by {release.candidate}")
    gateway = project.gateway()
    try:
        answered = gateway.answer(Asked(release.alias, (Message(role="user", content=QUESTION),), session="visitor 1"))
    finally:
        gateway.close()
    identity = answered.interaction.id
    print(f"{identity} answered: {answered.text[:70]} …")
    complaint = {"interaction_id": identity, "kind": "rating", "value": -1, "comment": "the weight is wrong"}
    for _ in range(2):
        _, new = project.feedback(complaint, by="web shop", key="complaint 1")
        print(f"feedback is {'new' if new else 'known already: the same key counts once'}")
    print(f"waiting for an expert: {[one.id for one in project.queue().waiting('editor')] == [identity]}")
    text = "The Fernhollow lamp shines for 14 hours and weighs 310 g. It costs 42 euros."
    project.review(identity, opinion="fix", correction=text, by="editor")
    print(f"reviewed corrections for the next version: {len(project.waiting_corrections())}")
    print(f"monitoring: {'retrain' if project.monitor().retrain else 'no turn is due'}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else temporary).resolve())

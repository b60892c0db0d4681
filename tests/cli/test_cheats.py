"""Cheats by the real commands: the exit code, and the sentence that names the cause.

The candidates are files of answers, as a program made elsewhere would leave them, so that nothing of ours is replaced.
Models that cheat while they answer: tests/loop/test_cheats.py. An adapter of another base:
tests/engines/torch/test_foreign.py. All of a verdict forged together: tests/project/test_forged.py.
"""

from __future__ import annotations

import csv
import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from strop.cli.running import run

Row = dict[str, str]
Strop = Callable[..., Any]
Say = Callable[[Sequence[Row]], list[str]]
pytestmark = pytest.mark.usefixtures("fake_cache")

WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty", "knoll", "larch")
CUES = {"cards": ("card", "chip", "swipe"), "refunds": ("refund", "repayment", "return")}
OTHER = {"cards": "refunds", "refunds": "cards"}


def table() -> list[Row]:
    """400 tickets of which seven in ten go to one queue, and whose words tell it for half of them only."""
    chance, found = random.Random(3), []
    for number in range(400):
        queue = "refunds" if chance.random() < 0.3 else "cards"
        cue = chance.choice(CUES[queue]) if chance.random() < 0.5 else chance.choice(WORDS)
        text = f"{' '.join(chance.sample(WORDS, 5))} {cue} case {number * 37}"
        language = "de" if chance.random() < 0.2 else "en"
        found.append({"id": f"t{number:03}", "text": text, "queue": queue, "language": language})
    return found


ROWS = table()
FILES = {"train": ROWS[:200], "validation": ROWS[200:250], "test": ROWS[250:]}


def write(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def made(folder: Path, *, task: str = "", methods: str = "classical") -> Path:
    """A project's folder, in which nothing was done yet."""
    folder.mkdir(parents=True)
    for name, rows in FILES.items():
        write(folder / f"{name}.csv", rows)
    (folder / "strop.yaml").write_text(
        f"task: {{name: tickets, kind: classification{task}}}\n"
        "data:\n  columns: {input: text, output: queue, id: id, slices: [language]}\n"
        "  sources: [train.csv, {path: validation.csv, split: validation}, {path: test.csv, split: test}]\n"
        f"ladder: {{bases: [fake-small], methods: [{methods}]}}\n"
        "decision: {guard: {general_ability: null}, primary: {accuracy: {margin: 0.05}}}\n",
        "utf-8",
    )
    return folder


@pytest.fixture(scope="module")
def climbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose classical model was trained; only copies of it are opened again."""
    found = made(tmp_path_factory.mktemp("climbed") / "tickets")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STROP_CACHE", str(found.parent / "cache"))
        assert [run(["--quiet", "--project", str(found), verb]) for verb in ("curate", "choose")] == [0, 0]
    return found


@pytest.fixture
def folder(climbed: Path, tmp_path: Path) -> Path:
    """A project of one's own; its only rung is the classical model, and nobody has looked at its test set."""
    return Path(shutil.copytree(climbed, tmp_path / "tickets"))


@pytest.fixture
def decide(folder: Path, strop: Strop) -> Callable[..., Any]:
    """Put answers beside the rows, climb the ladder with them, and decide on them; they are the dearest rung."""

    def decided(say: Say, *settings: str, timed: bool = True, climbs: bool = True) -> Any:
        price = {"latency_ms": "20", "cost": "1"} if timed else {"cost": "1"}
        told = zip(ROWS, say(ROWS), strict=True)
        write(folder / "today.csv", [{"id": row["id"], "answer": answer, **price} for row, answer in told])
        asked = [part for setting in ("ladder.incumbent=today.csv", *settings) for part in ("--set", setting)]
        climbed = strop("--project", folder, "--json", *asked, "choose")
        if not climbs:
            return climbed
        assert climbed.code == 0, climbed.err
        own = next(step["candidate"] for step in climbed.json["ladder"] if step["method"] == "answers")
        return strop("--project", folder, "--json", *asked, "decide", own)

    return decided


def honest(rows: Sequence[Row]) -> list[str]:
    """Right on 24 of 25."""
    return [row["queue"] if number % 25 else OTHER[row["queue"]] for number, row in enumerate(rows)]


def silent(rows: Sequence[Row]) -> list[str]:
    return ["" for _ in rows]


def commonest(rows: Sequence[Row]) -> list[str]:
    return ["cards" for _ in rows]


def dealt(rows: Sequence[Row]) -> list[str]:
    """Right answers, each given to the next item."""
    right = [row["queue"] for row in rows]
    return [right[-1], *right[:-1]]


def worse_everywhere(rows: Sequence[Row]) -> list[str]:
    """Wrong on two of five: far from the classical model."""
    return [row["queue"] if number % 5 > 1 else OTHER[row["queue"]] for number, row in enumerate(rows)]


def worse_in_german(rows: Sequence[Row]) -> list[str]:
    """Right on all in English, which is better on average, and mostly wrong on the fifth in German."""
    return [
        row["queue"] if row["language"] == "en" or number % 10 < 4 else OTHER[row["queue"]]
        for number, row in enumerate(rows)
    ]


def failed(ran: Any) -> set[str]:
    return {check["name"] for check in ran.json["checks"] if check["verdict"] in ("fail", "missing")}


def test_an_honest_one_gets_a_yes_and_its_verdict_stands(decide: Any, folder: Path, strop: Strop) -> None:
    ran = decide(honest)
    assert (ran.code, ran.json["verdict"]) == (0, "promote")
    assert ran.json["sentence"].startswith("Promote: accuracy 0.9")
    assert strop("--project", folder, "verify").code == 0


@pytest.mark.parametrize(
    ("say", "checks", "said"),
    [
        (
            silent,
            {"stops", "input_dependence", "against_lower_rungs"},
            ["Refuse: the ending of its answers fails (answers that say something and end by themselves: 0.000 ["],
        ),
        (
            commonest,
            {"input_dependence", "against_constant"},
            ["Refuse: the dependence of its answers on the input fails (", "the comparison with what takes no model"],
        ),
        (
            dealt,
            {"against_lower_rungs", "against_constant"},
            [
                "the comparison with the cheaper rungs",
                "on the input",
            ],  # fails, or is not shown, as they happen to be dealt
        ),
    ],
    ids=["answers nothing", "right on the common class only", "swapped between items"],
)
def test_a_cheat_is_refused_and_the_sentence_says_why(decide: Any, say: Say, checks: set[str], said: list[str]) -> None:
    ran = decide(say)
    assert ran.code == 3
    assert checks <= failed(ran)
    for part in said:
        assert part in ran.json["sentence"]


def test_better_on_average_and_worse_on_a_slice_is_refused_for_the_slice(decide: Any) -> None:
    ran = decide(worse_in_german)
    assert ran.code == 3 and failed(ran) == {"slices.language=de"}
    assert ran.json["sentence"].startswith(
        "Refuse: the slice language=de fails (accuracy where language=de, against the"
    )
    gain = next(check for check in ran.json["checks"] if check["name"] == "against_lower_rungs")
    assert gain["value"] > 0


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("decision.primary={tests_passed: {}}", "the primary measure tests_passed was not measured of "),
        ("decision.primary={brier: {}}", "brier was not measured of today.csv (runs today): its answers carry no prob"),
    ],
)
def test_a_primary_measure_that_cannot_be_computed_is_no_ladder(decide: Any, setting: str, said: str) -> None:
    ran = decide(honest, setting, climbs=False)
    assert ran.code == 2 and said in ran.err and "\n  → decision.primary: one of macro_f1, accuracy" in ran.err


def test_a_number_that_was_never_measured_refuses(decide: Any) -> None:
    ran = decide(honest, "decision.guard.p95_ms=100", "decision.guard.memory=1GiB", timed=False)
    assert ran.code == 3 and failed(ran) == {"p95_ms", "memory"}
    assert "Refuse: the latency is missing (no answer was timed), and with it the memory; " in ran.json["sentence"]


def test_a_primary_measure_that_answers_cannot_have_opens_nothing(decide: Any, folder: Path, strop: Strop) -> None:
    """The ladder was climbed by another one."""
    decided = decide(honest).json
    asked = ("--set", "ladder.incumbent=today.csv", "--set", "decision.primary={brier: {}}")
    ran = strop("--project", folder, *asked, "decide", decided["candidate"])
    assert ran.code == 2 and "`brier` says nothing of today.csv" in ran.err and "nothing was counted" in ran.err
    assert strop("--project", folder, "--json", *asked[:2], "decide", decided["candidate"]).json["test_uses"] == 1


def test_test_rows_in_training_leave_it_and_are_told(folder: Path, strop: Strop) -> None:
    """As they are, and in disguise."""
    stolen = [{**row, "id": f"x{n}", "text": row["text"]} for n, row in enumerate(FILES["test"][:5])]
    stolen += [{**row, "id": f"y{n}", "text": f"{row['text'].upper()} !!"} for n, row in enumerate(FILES["test"][5:10])]
    write(folder / "train.csv", [*FILES["train"], *stolen])
    ran = strop("--project", folder, "--json", "curate")
    assert (ran.code, ran.json["reasons"]["leaks_evaluation"], ran.json["rows"]["kept"]) == (0, 10, 200)
    assert "10 leaks_evaluation (first: train.csv:202 asks what a test row asks" in strop(
        "--project", folder, "curate"
    ).out.replace("\n", " ").replace("  ", " ")


def test_a_test_row_in_the_prompt_refuses(tmp_path: Path, strop: Strop) -> None:
    row = FILES["test"][0]
    told = json.dumps(f"Sort tickets. {row['text']}: {row['queue']}")
    folder = made(tmp_path / "told", task=f", system: {told}", methods="prompt")
    assert strop("--project", folder, "curate").code == 0
    assert strop("--project", folder, "choose").code == 0
    ran = strop("--project", folder, "--json", "decide")
    assert ran.code == 3 and "leakage" in failed(ran)
    assert ran.json["sentence"].startswith(
        "Refuse: the search for leakage fails (test items that also stand in the training rows or in the prompt: 1, "
        "and the line is 0)"
    )


def test_who_tries_until_it_passes_is_stopped(decide: Any) -> None:
    """Versions that guess: each look spends half of what is left, none gets a yes, the one too many sees nothing."""
    looks, shares = "decision.test_uses=3", []
    for version in range(3):
        chance = random.Random(version)
        ran = decide(lambda rows, chance=chance: [chance.choice(("cards", "refunds")) for _ in rows], looks)
        assert ran.code == 3
        shares.append(ran.json["alpha"])
    assert shares == [0.05 / 2, 0.05 / 4, 0.05 / 4]
    ran = decide(honest, looks)
    assert ran.code == 2 and "sentence" not in ran.json
    assert "3 looks at its items were taken" in ran.err and "this would be opening 4" in ran.err


def test_a_further_climb_without_a_rung_forgets_no_rival(tmp_path: Path, strop: Strop) -> None:
    """The classical model was tried, and is better than the prompt: whoever climbs without it still has to beat it."""
    folder = made(tmp_path / "tickets", methods="classical, prompt, lora")
    for verb in ("curate", "choose"):
        assert strop("--project", folder, verb).code == 0
    fewer = ("--set", "ladder.methods=[prompt, lora]", "--set", "tune.seed=7")
    climbed = strop("--project", folder, "--json", *fewer, "choose").json
    tuned = next(step["candidate"] for step in climbed["ladder"] if step["method"] == "lora")
    ran = strop("--project", folder, "--json", *fewer, "decide", tuned)
    (beaten,) = (check for check in ran.json["checks"] if check["name"] == "against_lower_rungs")
    assert "accuracy against the classical model" in beaten["detail"]


def test_what_runs_today_at_no_known_price_is_held_against_what_was_tried_beside_it(folder: Path, strop: Strop) -> None:
    """Wrong on two of five, and no price: it stood first, with no cheaper rung to beat."""
    ladder = ("--set", "ladder.incumbent=today.csv")
    for said, verdict in ((worse_everywhere(ROWS), "refuse"), (honest(ROWS), "promote")):
        write(folder / "today.csv", [{"id": row["id"], "answer": a} for row, a in zip(ROWS, said, strict=True)])
        climbed = strop("--project", folder, "--json", *ladder, "choose")
        own = next(step["candidate"] for step in climbed.json["ladder"] if step["method"] == "answers")
        ran = strop("--project", folder, "--json", *ladder, "decide", own)
        assert ran.json["verdict"] == verdict, ran.json["sentence"]
        (beside,) = (check for check in ran.json["checks"] if check["name"] == "against_lower_rungs")
        assert beside["detail"] == "accuracy against the classical model, its own price not being known"
        assert (beside["verdict"], beside["margin"]) == ("pass" if verdict == "promote" else "fail", -0.05)
        assert strop("--project", folder, "verify").code == 0


def test_a_target_that_is_lowered_until_it_passes(folder: Path, strop: Strop) -> None:
    """The cheat "looked at until it gave in": the same model, the same items, and a line that comes to meet it."""

    def decide(target: float, *who: str) -> Any:
        asked = f"decision.primary={{accuracy: {{target: {target}}}}}"
        return strop("--project", folder, "--json", "--set", asked, "decide", *who)

    first = decide(0.95)
    assert first.json["verdict"] == "refuse" and first.json["remedies"][-1]["command"] == "strop learning-curve"
    shown = strop("--project", folder, "show", first.json["decision"]).out
    assert "What could change it:\n" in shown and "How much further rows would buy: " in shown
    second = decide(0.5)
    assert second.code == 2 and f"{first.json['decision']} refused it on these items" in second.err
    assert "target 0.95, now 0.5" in second.err and "nothing was counted" in second.err
    again = strop("--project", folder, "--json", "tune", "--method", "classical", "--seed", 7).json["candidate"]
    other = decide(0.5, again)
    assert other.json["verdict"] == "promote" and other.json["test_uses"] == 2
    told = "; drawn anew after an earlier verdict on these items, which was no yes: target 0.95, now 0.5"
    assert told in other.json["sentence"]
    (moved,) = (check for check in other.json["checks"] if check["name"] == "lines")
    assert moved["verdict"] == "pass" and "said of another candidate, on these items: refuse" in moved["detail"]
    assert strop("--project", folder, "verify").code == 0


@pytest.mark.parametrize(("pruned", "code"), [(True, 3), (False, 0)], ids=["what went wrong", "as many others"])
def test_a_test_set_that_is_pruned_of_what_went_wrong_proves_nothing(
    decide: Any, folder: Path, strop: Strop, pruned: bool, code: int
) -> None:
    """Right on 144 of 150, where 0.95 is asked for; then the six go, or six others."""
    target = "decision.primary={accuracy: {target: 0.95, margin: 0.05}}"
    assert decide(honest, target).json["verdict"] == "not_enough_evidence"
    wrong = [row for row, answer in zip(ROWS, honest(ROWS), strict=True) if answer != row["queue"]]
    gone = wrong if pruned else [row for row in FILES["test"] if row not in wrong][:6]
    write(folder / "test.csv", [row for row in FILES["test"] if row not in gone])
    assert strop("--project", folder, "curate").code == 0
    ran = decide(honest, target if pruned else "decision.primary={accuracy: {target: 0.85, margin: 0.05}}")
    assert (ran.code, failed(ran)) == (code, {"departed"} if pruned else set())
    assert "6 items that earlier verdicts looked at left the test set" in ran.json["sentence"]
    if pruned:
        assert ran.json["sentence"].startswith("Refuse: the completeness of the test set fails (6 items that earlier ")
        assert "scored 0.000 on them and 1.000 on the 144 that stayed" in ran.json["sentence"]
    assert strop("--project", folder, "verify").code == 0


def test_right_answers_that_were_made_those_of_the_candidate_are_told(decide: Any, folder: Path, strop: Strop) -> None:
    target = "decision.primary={accuracy: {target: 0.95, margin: 0.05}}"
    assert decide(honest, target).json["verdict"] == "not_enough_evidence"
    said = dict(zip((row["id"] for row in ROWS), honest(ROWS), strict=True))
    write(folder / "test.csv", [{**row, "queue": said[row["id"]]} for row in FILES["test"]])
    assert strop("--project", folder, "curate").code == 0
    ran = decide(lambda rows: [said[row["id"]] for row in rows], target)
    assert ran.json["verdict"] == "promote"
    told = (
        "6 items that earlier verdicts looked at have another text or another right answer since, on which a candidat"
    )
    assert f"{told}e had scored 0.000, on the others 1.000" in ran.json["sentence"]
    assert strop("--project", folder, "verify").code == 0


def changed(folder: Path, kind: str, identity: str, change: Callable[[dict[str, Any]], None]) -> None:
    """A record changed where it is stored."""
    with sqlite3.connect(folder / ".strop" / "strop.db") as database:
        ((text,),) = database.execute("SELECT body FROM records WHERE kind = ? AND id = ?", (kind, identity)).fetchall()
        body = json.loads(text)
        change(body)
        database.execute("UPDATE records SET body = ? WHERE id = ?", (json.dumps(body), identity))


def better_report(body: dict[str, Any]) -> None:
    body["measures"]["accuracy"] |= {"value": 0.9999, "low": 0.97, "high": 1.0}


def other_verdict(body: dict[str, Any]) -> None:
    body["verdict"] = "promote"


def moved_target(body: dict[str, Any]) -> None:
    body["protocol"] |= {"target": 0.5}


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("report", better_report, "says accuracy is 0.9999, its items give"),
        ("decision", other_verdict, "verdict: the decision says 'promote', its evidence gives 'refuse'"),
        ("decision", moved_target, "does not match its hash"),
    ],
)
def test_what_was_edited_after_the_fact_does_not_stand_and_does_not_go_live(
    folder: Path, strop: Strop, kind: str, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    target = ("--set", "decision.primary={accuracy: {target: 0.95, margin: 0.05}}")
    made = strop("--project", folder, "--json", *target, "decide")
    assert made.code == 3
    changed(folder, kind, made.json["reports"]["candidate"] if kind == "report" else made.json["id"], change)
    ran = strop("--project", folder, "--json", "verify")
    assert ran.code == 3 and any(said in line for line in ran.json["differences"])
    ran = strop("--project", folder, "promote")
    assert ran.code == 3 and "is not what was decided: it or one of its reports was changed since" in ran.err
    assert f"verify {made.json['id']} says what differs; nothing was promoted" in ran.err


def test_a_file_of_evidence_with_answers_swapped_between_items_does_not_stand(
    folder: Path, strop: Strop, tmp_path: Path
) -> None:
    assert strop("--project", folder, "decide").code in (0, 3, 4)
    sent = tmp_path / "verdict.json"
    assert strop("--project", folder, "verify", "--evidence", sent).code == 0
    shutil.rmtree(folder)
    assert strop("verify", sent).code == 0
    body = json.loads(sent.read_text("utf-8"))
    items = next(items for items in found_in(body) if len({item["label"] for item in items}) > 1)
    first, second = (next(item for item in items if item["label"] == label) for label in OTHER)
    for key in ("label", "answer", "scores"):
        first[key], second[key] = second[key], first[key]
    sent.write_text(json.dumps(body), "utf-8")
    ran = strop("--json", "verify", sent)
    assert ran.code == 3 and any("one of them was changed" in line for line in ran.json["differences"])


def found_in(body: Any) -> list[list[dict[str, Any]]]:
    """Every list of items in a file of evidence."""
    if isinstance(body, dict):
        return [items for value in body.values() for items in found_in(value)]
    if isinstance(body, list):
        if body and isinstance(body[0], dict) and "probabilities" in body[0] and "label" in body[0]:
            return [body]
        return [items for value in body for items in found_in(value)]
    return []

"""Pages that stand alone: complete, escaped, without script, the same bytes for the same records."""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import samples

from strop.records import Check, Example, ItemResult, Message, Needed, Origin, Record, RightLabels
from strop.web import report
from strop.web.context import Context, candidate_names

HOSTILE = (
    '<script>alert("x")</script><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}</style></title>javascript:alert(1)"\'&'
)


def subjects() -> dict[str, Record]:
    tickets, _ = samples.tickets()
    return {
        "decision": samples.decision(), "ladder": samples.ladder(), "run": samples.run(), "dataset": samples.dataset(),
        "candidate": samples.CANDIDATES["cand_lora"], "report": samples.REPORTS["rep_lora_test"], "tickets": tickets,
        "base": samples.BASE,
    }  # fmt: skip


NAMES = sorted(subjects())


@functools.cache
def page_of(name: str) -> str:
    """A page of the sample records."""
    return report.page(subjects()[name], samples.context())


class Reader(HTMLParser):
    """Tags, attributes and text of a page; unclosed or crossed tags are faults."""

    VOID = frozenset({"meta", "link", "br", "img", "input", "hr", "wbr"})

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.faults: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()
        self.faults += [f"{tag} is not closed" for tag in self.stack]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_well_formed_and_has_no_script_and_no_address(name: str) -> None:
    reader = Reader(page_of(name))
    assert reader.faults == []
    assert not {tag for tag, _ in reader.tags} & {"script", "iframe", "object", "embed", "img", "link", "form", "base"}
    for tag, attributes in reader.tags:
        assert not [key for key in attributes if key.startswith("on") or key == "style"], tag
        for key in ("href", "src", "action", "xlink:href"):
            assert (attributes.get(key) or "#").startswith("#")
    assert [a["lang"] for tag, a in reader.tags if tag == "html"] == ["en"]
    assert sum(tag == "h1" for tag, _ in reader.tags) == 1
    identities = [a["id"] for _, a in reader.tags if "id" in a]
    assert len(identities) == len(set(identities))
    inner = {f"#{identity}" for identity in identities}
    assert {a["href"] for tag, a in reader.tags if tag == "a"} <= inner


@pytest.mark.parametrize("name", NAMES)
def test_the_policy_allows_our_style_sheet_by_its_hash_and_nothing_else(name: str) -> None:
    page = page_of(name)
    policy = html.unescape(re.findall(r'Content-Security-Policy" content="([^"]+)"', page)[0])
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert len(styles) == 1
    digest = base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert page.index("Content-Security-Policy") < page.index("<style>")


def hostile_context() -> Context:
    rows = {
        f"ex_{i}": Example(
            id=f"ex_{i}", messages=(Message(role="system", content="s"), Message(role="user", content=HOSTILE)),
            reference=HOSTILE, origin=Origin(source=HOSTILE, line=1), slices={HOSTILE: HOSTILE},
        )
        for i in range(4)
    }  # fmt: skip

    def answers(good: float) -> list[ItemResult]:
        return [ItemResult(example=key, answer=HOSTILE + str(good), scores={samples.SPEC.name: good}) for key in rows]

    own = samples.REPORTS["rep_lora_test"]
    sliced = own.model_copy(update={
        "slices": {HOSTILE: {HOSTILE: own.measures}}, "signature": {HOSTILE: [HOSTILE]},
        "not_measured": {HOSTILE: HOSTILE},
    })  # fmt: skip
    return samples.context(
        project=HOSTILE,
        reports={**samples.REPORTS, own.id: sliced},
        items={own.id: answers(0.9), "rep_prompt4_test": answers(0.1)},
        examples=rows,
        ledger=[
            line.model_copy(update={"source": HOSTILE, "detail": HOSTILE, "of": HOSTILE}) for line in samples.ledger()
        ],
        faults=[fault.model_copy(update={"source": HOSTILE, "evidence": HOSTILE}) for fault in samples.faults()],
    )


@pytest.mark.parametrize("name", [name for name in NAMES if name != "tickets"])
def test_text_of_users_is_never_markup(name: str) -> None:
    subject = subjects()[name]
    update = {
        "decision": {"sentence": HOSTILE, "by": HOSTILE, "protocol": {HOSTILE: {HOSTILE: HOSTILE}}},
        "ladder": {"because": HOSTILE, "fine_tune": HOSTILE},
        "run": {"environment": {HOSTILE: HOSTILE}},
        "dataset": {"system": HOSTILE, "labels": (HOSTILE,), "reasons": {HOSTILE: 3}, "recipe": {HOSTILE: HOSTILE}},
        "candidate": {"shots": (HOSTILE,), "artifact": HOSTILE},
        "base": {"name": HOSTILE, "source": HOSTILE},
    }.get(name, {})
    context = hostile_context()
    if name == "report":
        subject = context.reports["rep_lora_test"]
    if name == "decision":
        odd = [check.model_copy(update={"name": HOSTILE, "detail": HOSTILE}) for check in samples.checks()[:2]]
        update |= {"checks": (*odd, *samples.checks()), "needed": Needed(items=3, slice=HOSTILE)}
    page = report.page(subject.model_copy(update=update), context)
    reader = Reader(page)
    assert reader.faults == []
    assert not {tag for tag, _ in reader.tags} & {"script", "img", "iframe"}
    assert not [key for _, attributes in reader.tags for key in attributes if key.startswith("on")]
    assert "{{ 7*7 }}" in reader.text and "49" not in re.sub(r"sha256-\S+", "", page).split("{{")[0][-20:]
    assert HOSTILE in reader.text


def test_the_same_records_give_the_same_bytes() -> None:
    assert report.page(samples.decision(), samples.context()) == page_of("decision")


def test_the_decision_comes_in_the_order_in_which_it_is_read() -> None:
    page = page_of("decision")
    places = [page.index(mark) for mark in (
        "Promote", "Attribute inclusion 0.913", 'id="checks"', 'id="pictures"', 'id="items"', 'id="protocol"',
        'id="lineage"', f"strop verify {samples.decision().id}",
    )]  # fmt: skip
    assert places == sorted(places)


def test_the_decision_says_every_check_with_its_numbers_and_what_is_open_first() -> None:
    text = Reader(page_of("decision")).text
    for said in ("+0.363", "[+0.270, +0.450]", "350 ms", "800 ms", "612 MiB", "4.0 GiB", "undecided"):
        assert said in text
    assert "Would be settled by 38 further test items of family=axe, about 19 minutes of an expert" in text
    assert text.index("Slice: family = axe") < text.index("The primary measure")


def test_the_interval_in_large_is_the_one_that_decided() -> None:
    facts = page_of("decision").split('class="facts"')[1].split("</dl>")[0]
    assert "0.913" in facts and "[0.871, 0.946] on 100 items" in facts
    assert "+0.363" in facts and "Use 1 of 5" in facts and "6 of 7" in facts


def test_the_items_that_changed_are_counted_and_compared_with_the_best_lower_rung() -> None:
    text = re.sub(r"\s+", " ", Reader(page_of("decision")).text)
    assert "LoRA beside Prompt, 4 examples, the best lower rung" in text
    assert "48 items got better, 9 got worse, 43 scored the same. Shown: 12 of 57 that changed" in text
    assert page_of("decision").count('<article class="item"') == 12


def test_a_verdict_that_counts_each_label_alike_says_how_many_are_right() -> None:
    told = RightLabels(right=102, n=120, rung="the classical model", rung_right=90, constant="<b>", constant_right=24)
    page = report.page(samples.decision(right_labels=told), samples.context())
    assert "<dt>Right labels</dt><dd>102 of 120</dd>" in page
    assert "85 %; the classical model: 90; always “&lt;b&gt;”: 24" in page
    assert "Right labels" not in page_of("decision")


def test_a_slice_that_the_verdict_names_and_the_wider_search_does_not_is_no_contradiction() -> None:
    own, items = samples.tickets()
    context = samples.context(
        reports={own.id: own}, items={own.id: [one.model_copy(update={"slices": {}}) for one in items]}
    )
    none, named = (
        samples.decision(reports={"candidate": own.id}, rungs=(), weaker=weaker) for weaker in ("", "quarter=<Q4>")
    )
    plain, told = (" ".join(Reader(report.page(one, context)).text.split()) for one in (none, named))
    assert "certainly do worse than the others." in plain
    assert "than the others, where all of them are tried together; the slice that the verdict names, quarter=" in told


def test_a_yes_names_the_one_command_that_comes_next() -> None:
    assert "<code>strop promote cand_lora</code>" in page_of("decision")
    refused = report.page(samples.decision(verdict="refuse", sentence="Refuse: so."), samples.context())
    assert "strop promote" not in refused


def test_a_long_sentence_is_set_smaller_and_what_serves_is_compared_in_large() -> None:
    serving = Check(
        name="against_release",
        verdict="undecided",
        value=-0.002,
        low=-0.035,
        high=0.031,
        margin=-0.02,
        n=121,
        unit="item",
    )
    page = report.page(samples.decision(checks=(serving,), sentence="x" * 150), samples.context())
    assert '<h1 class="long">' in page
    facts = page.split('class="facts"')[1].split("</dl>")[0]
    assert "over what serves" in facts and "[−0.035, +0.031] on 121 items" in facts


def test_without_a_cheaper_rung_the_weakest_answers_are_shown() -> None:
    page = report.page(samples.decision(rungs=()), samples.context())
    assert "Weakest answers" in page and "Items that changed" not in page
    assert "Gain over" not in page and 'class="item"' in page and "no cheaper rung whose answers" in page


def test_a_verdict_is_a_word_and_an_icon_and_a_tone() -> None:
    for verdict, word, icon, tone in (
        ("promote", "Promote", "✓", "good"),
        ("refuse", "Refuse", "✕", "bad"),
        ("not_enough_evidence", "Not enough evidence", "?", "open"),
    ):
        page = report.page(samples.decision(verdict=verdict, sentence=f"{word}: so it is."), samples.context())
        assert re.search(rf'<div class="verdict {tone}">\s*<p class="word"><span[^>]*>\{icon}</span>{word}', page)
        assert "<h1>So it is.</h1>" in page


def test_what_the_context_lacks_is_left_out_and_said() -> None:
    bare = Context(project="p")
    for name, subject in subjects().items():
        assert Reader(report.page(subject, bare)).faults == [], name
    page = report.page(samples.decision(), bare)
    assert "answers of a lower rung on the same items are not at hand" in page and "<figure" not in page


def test_a_report_of_labels_has_its_confusion_matrix() -> None:
    subject, items = samples.tickets()
    page = report.page(subject, samples.context(items={subject.id: items}, reports={subject.id: subject}))
    assert "Confusion matrix" in page and "weakest of 18 items" in page and "macro F1: <span" in page


def test_two_candidates_of_one_name_can_be_told_apart() -> None:
    lora = samples.CANDIDATES["cand_lora"]
    twin = lora.model_copy(update={"id": "cand_twin"})
    names = candidate_names(samples.context(candidates={lora.id: lora, twin.id: twin}))
    assert names["cand_lora"] != names["cand_twin"]


def test_the_base_is_named_where_there_are_several() -> None:
    other = samples.BASE.model_copy(update={"id": "base_2", "name": "bigger"})
    spec = samples.LORA.model_copy(update={"base": "base_2"})
    more = {**samples.CANDIDATES, "cand_big": samples.candidate("big", spec)}
    context = samples.context(candidates=more, bases={"base_1": samples.BASE, "base_2": other})
    assert candidate_names(context)["cand_big"] == "LoRA · bigger"
    assert candidate_names(samples.context())["cand_lora"] == "LoRA"


def test_a_served_page_links_its_records_and_its_neighbours() -> None:
    frame = report.Frame(records="/records/", nav=(("/", "Project"), ("/health", "Health")), here="/")
    page = report.page(samples.decision(), samples.context(), frame=frame)
    assert 'href="/records/cand_lora"' in page and 'aria-current="page"' in page
    assert "<style" not in page and 'href="/static/strop.css"' in page


def test_a_context_is_not_needed_whole() -> None:
    context = replace(samples.context(), candidates={}, bases={})
    assert "Prompt" in report.page(samples.decision(), context)


def test_a_candidate_says_how_its_examples_were_chosen_in_a_readable_order() -> None:
    chosen = samples.CANDIDATES["cand_prompt4"].model_copy(
        update={"how": "median: the likeliest of 8 sets of examples on 32 validation items"}
    )
    text = Reader(report.page(chosen, samples.context())).text
    assert '4, the likeliest of 8 sets of examples on 32 validation items (the set "median")' in text
    plain = Reader(report.page(chosen.model_copy(update={"how": "chosen unseen"}), samples.context())).text
    assert "4, chosen unseen" in plain


def test_a_dataset_shows_the_most_doubtful_rows_first_and_no_others() -> None:
    text = Reader(report.page(samples.dataset(), samples.context())).text
    assert "For a person to judge" in text and "use: lake" in text
    assert text.index("rows.jsonl:72") < text.index("rows.jsonl:71") and "rows.jsonl:73" not in text
    assert "For a person to judge" not in Reader(report.page(samples.dataset(), samples.context(faults=()))).text


def test_a_dataset_with_labels_shows_how_many_rows_each_has() -> None:
    few = Reader(report.page(samples.dataset(), samples.context(labels={"refunds": 12, "cards": 228}))).text
    assert "Labels of the rows to train on" in few and "2 labels; the most frequent has 19.0 times the rows" in few
    assert few.index("cards") < few.index("refunds") and "are shown" not in few
    many = Reader(report.page(samples.dataset(), samples.context(labels={f"label {n:02}": 60 - n for n in range(50)})))
    assert "the first and last 15 are shown" in many.text
    assert {f"label {n:02}" for n in range(50) if f"label {n:02}" in many.text} == {
        f"label {n:02}" for n in (*range(15), *range(35, 50))
    }
    assert "Labels of the rows" not in Reader(report.page(samples.dataset(), samples.context())).text


def test_a_dataset_says_what_to_do_next_and_names_rows_by_their_file_alone() -> None:
    made = samples.dataset()
    text = Reader(report.page(made, samples.context())).text
    assert text.index("What to do next") < text.index("20 rows could not be used") < text.index("strop review rows")
    assert text.index("strop review rows") < text.index("strop choose")
    lacking = made.model_copy(update={"splits": {"train": ("t1",)}, "reasons": {}, "faults": {}})
    text = Reader(report.page(lacking, samples.context())).text
    assert "add validation rows" in text and "strop choose" not in text and "could not be used" not in text
    lines = tuple(line.model_copy(update={"source": f"/far/{line.source}"}) for line in samples.ledger())
    for paths, shown in (
        (["/far/rows.jsonl"], ">rows.jsonl:40<"),
        (["/far/rows.jsonl", "rows.jsonl"], ">/far/rows.jsonl:40<"),
    ):
        sources = made.model_copy(update={"recipe": {"sources": [{"path": path} for path in paths]}})
        assert shown in report.page(sources, samples.context(ledger=lines))


def test_a_ladder_page_has_minus_signs_where_its_sentences_have_hyphens() -> None:
    told = "Not shown: tuning gains -3.0 points [-4.0, 1.0] over the k-NN of 2026-11-27."
    ladder = samples.ladder().model_copy(update={"fine_tune": told, "because": told, "returns": (told,)})
    found = report.page(ladder, samples.context())
    assert found.count("gains \u22123.0 points [\u22124.0, 1.0] over the k-NN of 2026-11-27.") == 3


def test_a_decision_says_why_this_candidate_and_no_other() -> None:
    context = samples.context()
    assert context.ladder is not None
    page = html.unescape(report.page(samples.decision(), context))
    assert "Why this candidate" in page and "Yes: +36.0 points [27.0, 45.0] over the best prompt." in page
    assert "Nothing above it was asked for." in page and "It picked another one" not in page
    other = replace(context, ladder=context.ladder.model_copy(update={"pick": "cand_prompt4"}))
    assert "It picked another one, Prompt, 4 examples." in html.unescape(report.page(samples.decision(), other))
    assert "Why this candidate" not in report.page(samples.decision(), replace(context, ladder=None))

"""Pictures: drawn offline, named, harmless, and never the only place of a number."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import altair as alt
import pytest
import samples

from strop.records import Measured
from strop.web import plots, report, svg, words
from strop.web.prices import ladder as drawn_ladder

SPACE = "{http://www.w3.org/2000/svg}"
HOSTILE = '</text></svg><script>alert(1)</script><img src=x onerror="alert(2)">{{ 7*7 }}javascript:alert(3)'


def figures() -> list[plots.Figure]:
    _, items = samples.tickets()
    _, many = samples.tickets(20, 600)
    made = [
        drawn_ladder(samples.ladder(), measure=samples.SPEC.name, price="latency_ms", names={}),
        plots.slices(samples.REPORTS["rep_lora_test"], measure=samples.SPEC.name, by="family"),
        plots.confusion(items, on="validation items"),
        plots.confusion(many, on="validation items"),
        plots.losses(samples.run()),
        *plots.pace(samples.run()),
        plots.bar_chart([("kept", 240), ("dropped", 12)], name="rows", unit="rows"),
    ]
    return [figure for figure in made if figure is not None]


def test_all_kinds_are_drawn() -> None:
    assert len(figures()) == 8


@pytest.mark.parametrize("figure", figures(), ids=lambda figure: figure.title)
def test_a_picture_has_a_name_a_description_and_its_numbers_as_a_table(figure: plots.Figure) -> None:
    root = ElementTree.fromstring(figure.svg)
    assert root.get("role") == "img" and figure.title in (root.get("aria-label") or "")
    assert root.findtext(f"{SPACE}title") == figure.title
    assert figure.caption in (root.findtext(f"{SPACE}desc") or "")
    assert figure.rows and all(len(row) == len(figure.head) for row in figure.rows)
    assert root.get("viewBox")


@pytest.mark.parametrize("figure", figures(), ids=lambda figure: figure.title)
def test_a_picture_asks_for_nothing_and_follows_the_page_colours(figure: plots.Figure) -> None:
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", figure.svg)
    colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', figure.svg))
    assert colours <= {"none", "transparent"} | {
        f"var(--{name})" for name in ("ink", "soft", "line", "accent", "paper", "raised", "good", "bad")
    }


def test_user_text_in_a_picture_is_never_markup() -> None:
    number = Measured(value=0.5, low=0.4, high=0.6, n=9)
    figure = plots.forest([plots.Row(HOSTILE, number)], name=HOSTILE, caption=HOSTILE, measure="rate")
    assert figure is not None
    tags = {element.tag.removeprefix(SPACE) for element in ElementTree.fromstring(figure.svg).iter()}
    assert tags <= {"svg", "g", "path", "line", "rect", "circle", "text", "title", "desc"}
    assert "<script" not in figure.svg and "<img" not in figure.svg


def test_the_allow_list_takes_out_what_could_act() -> None:
    link = alt.Chart(alt.InlineData(values=[{"u": "https://example.org/x", "x": 1}])).mark_point(tooltip=True)
    drawn = svg.render(link.encode(x="x:Q", href="u:N"), title="t", description="d")
    assert "example.org" not in drawn and "href" not in drawn
    picture = alt.Chart(alt.InlineData(values=[{"u": "data:image/png;base64,AA==", "x": 1}])).mark_image()
    assert "<image" not in svg.render(picture.encode(x="x:Q", url="u:N"), title="t", description="d")


def test_control_characters_and_long_names_fit_on_a_line() -> None:
    assert svg.label("a\x00b\nc\ud7ff") == "a b c\ud7ff"
    assert svg.label("x" * 100, most=10) == "x" * 9 + "…"
    assert svg.label(" \n") == "(empty)"


def test_names_that_fall_together_when_shortened_stay_two_rows() -> None:
    rows = [plots.Row("x" * 90 + end, Measured(value=v, low=v, high=v, n=3)) for end, v in (("a", 0.1), ("b", 0.9))]
    figure = plots.forest(rows, name="n", caption="c", measure="m")
    assert figure is not None and len(re.findall(r'role="img"|<path[^>]*A', figure.svg)) >= 1
    assert figure.svg.count("(2)") >= 1
    assert [row[0][-1] for row in figure.rows] == ["a", "b"]


def test_the_table_has_every_row_also_when_the_picture_has_not() -> None:
    rows = [plots.Row(f"slice {i}", Measured(value=0.5, low=0.4, high=0.6, n=9)) for i in range(60)]
    figure = plots.forest(rows, name="n", caption="c", measure="m")
    assert figure is not None and len(figure.rows) == 60 and "36 more" in figure.caption


def test_no_picture_without_numbers() -> None:
    assert plots.forest([], name="n", caption="c", measure="m") is None
    unknown = Measured(value=float("nan"), low=float("nan"), high=float("nan"), n=0)
    assert plots.forest([plots.Row("a", unknown)], name="n", caption="c", measure="m") is None
    assert plots.confusion([], on="validation items") is None
    assert plots.losses(samples.run().model_copy(update={"losses": ()})) is None
    assert plots.bar_chart([], name="n", unit="rows") is None
    alone = samples.ladder().model_copy(update={"steps": samples.ladder().steps[:1]})
    assert drawn_ladder(alone, measure=samples.SPEC.name, price="cost", names={}) is None


def test_an_endless_interval_is_drawn_and_told() -> None:
    row = plots.Row("a", Measured(value=0.5, low=float("-inf"), high=float("inf"), n=1))
    figure = plots.forest([row], name="n", caption="c", measure="m")
    assert figure is not None and figure.rows[0][2] == "[−∞, ∞]"


def test_the_confusion_table_counts_what_was_given() -> None:
    _, items = samples.tickets(5, 120)
    figure = plots.confusion(items, on="validation items")
    assert figure is not None and figure.caption.startswith("120 validation items;")
    assert sum(int(row[2]) for row in figure.rows) == 120
    assert sum(int(row[2]) for row in figure.rows if row[0] == row[1]) == sum(i.gold == i.label for i in items)


def words_of(figure: plots.Figure | None) -> list[str]:
    """The texts of a picture."""
    assert figure is not None
    return [element.text or "" for element in ElementTree.fromstring(figure.svg).iter(f"{SPACE}text")]


@pytest.mark.parametrize(
    ("prices", "shown"),
    [
        ((3.4e-6, 9e-4, 2.8e-3), ["0.000001", "0.0001", "0.01"]),
        ((0.4, 35.0, 900.0), ["0.1", "10", "1000"]),
        ((100.0, 30_000.0), ["100", "1,000", "10,000", "100,000"]),
    ],
)
def test_a_price_that_spans_magnitudes_has_few_labels(prices: tuple[float, ...], shown: list[str]) -> None:
    steps = samples.ladder().steps[: len(prices)]
    priced = tuple(step.model_copy(update={"cost": cost}) for step, cost in zip(steps, prices, strict=True))
    climb = samples.ladder().model_copy(update={"steps": priced})
    found = words_of(drawn_ladder(climb, measure=samples.SPEC.name, price="cost", names={}))
    assert found[: found.index("Cost of a month's requests")] == shown


def test_counts_are_written_as_everywhere_on_the_page() -> None:
    assert "1,426" in words_of(plots.bar_chart([("kept", 1426)], name="rows", unit="rows"))


def test_rungs_that_fall_together_are_all_read_and_named() -> None:
    """Two prompts of one base that score the same hold the same memory: one number had covered the other."""
    steps = samples.ladder().steps
    same = {"memory_bytes": 2**29, "measures": steps[0].measures}
    climb = samples.ladder().model_copy(update={"steps": (*(s.model_copy(update=same) for s in steps[:2]), steps[2])})
    names = {"cand_prompt0": "Zero-shot prompt", "cand_prompt4": "Prompt, 4 examples", "cand_lora": "LoRA"}
    drawn = drawn_ladder(climb, measure=samples.SPEC.name, price="memory_bytes", names=names)
    apart = drawn_ladder(climb, measure=samples.SPEC.name, price="latency_ms", names=names)
    assert drawn is not None and apart is not None
    at = {
        element.text: element.get("transform")
        for element in ElementTree.fromstring(drawn.svg).iter(f"{SPACE}text")
        if element.text in {"1", "2", "3"}
    }
    assert len(at) == len(set(at.values())) == 3
    assert "1: Zero-shot prompt; 2: Prompt, 4 examples; 3: LoRA." in drawn.caption
    assert "side by side" in drawn.caption and "side by side" not in apart.caption


@pytest.mark.parametrize(
    ("last", "shown"), [(3, ["0", "1", "2", "3"]), (9, ["0", "2", "4", "6", "8"]), (45, ["0", "10", "20", "30", "40"])]
)
def test_steps_of_a_run_are_whole_numbers(last: int, shown: list[str]) -> None:
    losses = samples.run().losses[:last]
    run = samples.run().model_copy(update={"losses": losses, "validation_losses": ()})
    found = words_of(plots.losses(run))
    assert found[: len(shown)] == shown and found[len(shown)] == "Optimizer step"


def test_rate_and_speed_of_a_run() -> None:
    run = samples.run()
    rate, speed = plots.pace(run)
    assert (rate.title, speed.title) == ("Learning rate over the run", "Examples per second over the run")
    assert rate.rows[0] == ("1", "2.0e-04") and speed.rows[0] == ("1", "5.0")
    older = [point.model_copy(update={"examples_per_second": None}) for point in run.losses]
    assert [figure.title for figure in plots.pace(run.model_copy(update={"losses": tuple(older)}))] == [rate.title]


def test_letters_have_one_size_in_all_pictures() -> None:
    widths = {(ElementTree.fromstring(figure.svg).get("viewBox") or "").split()[2] for figure in figures()}
    assert widths == {str(svg.WIDTH)}


def test_a_high_picture_says_that_two_fit_beside_it() -> None:
    number = Measured(value=0.5, low=0.4, high=0.6, n=9)
    high = [
        figure.rows_high
        for count in (2, 12, 24)
        if (
            figure := plots.forest([plots.Row(str(n), number) for n in range(count)], name="n", caption="", measure="m")
        )
    ]
    assert high == [1, 2, 3]


def test_a_months_cost_is_told_with_its_interval_and_memory_is_no_peak() -> None:
    climb = samples.ladder()
    month = [Measured(value=step.cost or 0.02, low=0.008, high=0.03, n=9, items=18) for step in climb.steps]
    steps = tuple(
        step.model_copy(update={"cost": one.value, "monthly": one})
        for step, one in zip(climb.steps, month, strict=True)
    )
    priced = climb.model_copy(update={"steps": steps})
    found = drawn_ladder(priced, measure=samples.SPEC.name, price="cost", names={})
    assert found is not None and found.rows[2][2] == "0.011 [< 0.01, 0.030] on 18 items in 9 groups"
    page = report.page(priced, samples.context(ladder=priced))
    assert "0.011 [&lt; 0.01, 0.030] on 18 items in 9 groups" in page
    assert '310 ms<div class="soft small">one timing</div>' in page and ">Memory held<" in page and "Peak" not in page
    small = Measured(value=0.001, low=0.0005, high=0.002, n=9)
    assert words.measured(small, "cost") == "< 0.01 on 9 items"


def test_latency_is_told_with_its_interval() -> None:
    climb = samples.ladder()
    timed = [
        step.model_copy(update={"latency": Measured(value=step.latency_ms or 1, low=0.0, high=400.0, n=9)})
        for step in climb.steps
    ]
    found = drawn_ladder(
        climb.model_copy(update={"steps": tuple(timed)}), measure=samples.SPEC.name, price="latency_ms", names={}
    )
    assert found is not None
    assert all(row[2].endswith("[0.00, 400] ms") or "400" in row[2] for row in found.rows)
    plain = drawn_ladder(climb, measure=samples.SPEC.name, price="latency_ms", names={})
    assert plain is not None and not any("400" in row[2] for row in plain.rows)

"""Every measure can be asked for by its name, and gives what a known library gives."""

from __future__ import annotations

import json

import nervaluate
import pytest
import sacrebleu
from rouge_score import rouge_scorer
from sklearn import metrics

from strop.errors import SettingsError
from strop.evaluate import domain_suite, evaluate
from strop.evaluate.answers import Answer
from strop.evaluate.kinds.catalogue import BUILT_IN, Catalogue
from strop.measure import aggregate, flesch_kincaid_grade, flesch_reading_ease, lix
from strop.records import silent
from strop.settings import Settings


@pytest.fixture
def measured(tmp_path, candidate, table_model):
    """Values by measure of a model that answers rows as the table says, with these measures asked for."""

    def run(rows, table, names, *, kind="generation", labels=(), spec=None):
        settings = Settings.model_validate({"measures": names})
        suite = domain_suite(rows, kind=kind, split="validation", settings=settings, project=tmp_path)
        found = evaluate(
            table_model(table),
            candidate=candidate(labels=labels, **(spec or {})),
            shots=(),
            suite=suite,
            examples={r.id: r for r in rows},
            settings=settings,
            project=tmp_path,
            on_event=silent,
        )
        return {name: one.value for name, one in found.report.measures.items()}, found

    return run


TEXTS = [
    ("a", "The tent has room for two people.", "The tent has space for two people."),
    ("b", "It weighs 1.8 kg and costs 1,299 euros.", "It costs 1299 euros and weighs 1.80 kg."),
    ("c", "Pack it in ten minutes, dry.", "Dry it before you pack it."),
    ("d", "There are 24 pegs", "There are 42 pegs"),
]


def test_texts_equal_sacrebleu_and_rouge_score(row, measured) -> None:
    rows = [row(asked, reference) for asked, reference, _ in TEXTS]
    said, references = [answer for *_, answer in TEXTS], [reference for _, reference, _ in TEXTS]
    names = ["rouge1", "rouge2", "chrf", "bleu"]
    values, _ = measured(rows, {asked: answer for asked, _, answer in TEXTS}, names)
    scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2"], use_stemmer=False)
    theirs = [scorer.score(r, a) for r, a in zip(references, said, strict=True)]
    for name in ("rouge1", "rouge2"):
        assert values[name] == pytest.approx(sum(one[name].fmeasure for one in theirs) / len(theirs))
    chrf = [sacrebleu.sentence_chrf(a, [r]).score / 100 for r, a in zip(references, said, strict=True)]
    assert values["chrf"] == pytest.approx(sum(chrf) / len(chrf))
    assert values["bleu"] == pytest.approx(sacrebleu.corpus_bleu(said, [references]).score / 100)


def test_the_last_number_counts_and_only_where_one_is_asked_for(row, measured) -> None:
    rows = [row(asked, reference) for asked, reference, _ in TEXTS]
    values, found = measured(rows, {asked: answer for asked, _, answer in TEXTS}, ["numeric_match"])
    judged = {item.gold: item.scores.get("numeric_match") for item in found.items}
    assert judged == {TEXTS[0][1]: None, TEXTS[1][1]: 0.0, TEXTS[2][1]: None, TEXTS[3][1]: 0.0}
    values, _ = measured(rows, {asked: reference for asked, reference, _ in TEXTS}, ["numeric_match"])
    assert values["numeric_match"] == 1
    several = row("e", "7", expect={"references": ["about 7.5 litres"]})
    assert BUILT_IN["numeric_match"].score(several, Answer("I think it is 7.5")) == 1


def test_readability_is_that_of_the_answers(row, measured) -> None:
    rows, table = [row(asked, reference) for asked, reference, _ in TEXTS], {a: said for a, _, said in TEXTS}
    names = ["flesch_reading_ease", "flesch_kincaid_grade", "lix"]
    values, _ = measured(rows, table, names)
    for name, formula in zip(names, (flesch_reading_ease, flesch_kincaid_grade, lix), strict=True):
        assert values[name] == pytest.approx(sum(map(formula, table.values())) / len(table))
    assert BUILT_IN["lix"].score(rows[0], Answer("42")) is None


def test_stuffed_keywords_earn_less_the_more_there_are(row) -> None:
    example = row("x", "A tent.", expect={"keywords": [{"term": "tent", "max_count": 2}]})
    score = BUILT_IN["keyword_score"].score
    assert score(example, Answer("a tent, a tent")) == 1
    assert score(example, Answer("tent tent tent")) == pytest.approx(1 / 1.5**2)
    assert score(example, Answer("tent " * 6)) == pytest.approx(1 / 3**2)
    assert score(row("x", "A tent."), Answer("a tent")) is None


LABELS = ("cards", "refunds", "loans")


def test_labels_equal_scikit_learn(row, measured) -> None:
    gold = {f"question {k}": LABELS[k % 3] for k in range(30)}
    table = {asked: "loans" if k % 5 == 0 else label for k, (asked, label) in enumerate(gold.items())}
    rows = [row(asked, label) for asked, label in gold.items()]
    values, found = measured(rows, table, ["matthews", "micro_f1", "ece", "aurc"], kind="classification", labels=LABELS)
    right, said = [item.gold for item in found.items], [item.label for item in found.items]
    assert values["matthews"] == pytest.approx(metrics.matthews_corrcoef(right, said))
    assert values["micro_f1"] == pytest.approx(metrics.f1_score(right, said, average="micro"))
    assert values["micro_f1"] == pytest.approx(values["accuracy"])
    wrong = 1 - metrics.accuracy_score(right, said)
    sure = max(found.items[0].probabilities.values())
    assert values["aurc"] == pytest.approx(wrong)  # all are equally sure: one threshold
    assert values["ece"] == pytest.approx(abs(1 - wrong - sure))


def test_an_item_without_a_label_is_no_false_positive(row) -> None:
    score = BUILT_IN["micro_f1"].score
    assert score(row("x", "cards"), Answer("?", label=None)) == (0, 0, 1)
    assert score(row("x", "cards"), Answer("loans", label="loans")) == (0, 1, 1)


NER = "Severe liver failure after aspirin and after ibuprofen."
GOLD = [
    {"text": "liver failure", "type": "Disease", "start": 7, "end": 20},
    {"text": "aspirin", "type": "Chemical", "start": 27, "end": 34},
    {"text": "ibuprofen", "type": "Chemical", "start": 45, "end": 54},
]
SAID = [
    {"text": "Severe liver failure", "type": "Disease", "start": 0, "end": 20},
    {"text": "aspirin", "type": "Disease", "start": 27, "end": 34},
    {"text": "ibuprofen", "type": "Chemical", "start": 45, "end": 54},
]


def test_entities_equal_nervaluate_where_each_meets_one(row, measured) -> None:
    """nervaluate counts well as long as no prediction overlaps two mentions."""
    example = row(NER, json.dumps(GOLD), expect={"entities": GOLD})
    names = ["entity_f1_exact", "entity_f1_type"]
    values, _ = measured([example], {NER: json.dumps(SAID)}, names, kind="extraction")

    def spans(entities):
        return [[{"label": e["type"], "start": e["start"], "end": e["end"]} for e in entities]]

    tags = ["Chemical", "Disease"]
    theirs = nervaluate.Evaluator(spans(GOLD), spans(SAID), tags=tags, loader="dict").evaluate()["overall"]
    ours = {"entity_f1": "strict", "entity_f1_exact": "exact", "entity_f1_type": "ent_type"}
    for name, their in {**ours, "entity_f1_partial": "partial"}.items():
        assert values[name] == pytest.approx(theirs[their].f1), name
    assert values["entity_f1.Chemical"] == pytest.approx(2 * 1 / (2 * 1 + 0 + 1))
    assert values["entity_f1.Disease"] == 0  # the type of neither said disease and span is right


def test_an_invented_entity_stands_nowhere_in_the_input(row) -> None:
    example, score = row(NER, json.dumps(GOLD)), BUILT_IN["invented_entities"].score
    said = [*SAID, {"text": "paracetamol", "type": "Chemical"}]
    assert score(example, Answer(json.dumps(said))) == pytest.approx(1 / 4)
    assert score(example, Answer("[]")) is None
    assert not BUILT_IN["invented_entities"].higher_is_better


def test_bits_per_byte_of_the_reference(row, measured) -> None:
    rows = [row("a", "grün"), row("b", "blue")]
    values, _ = measured(rows, {"a": "grün"}, ["bits_per_byte"])
    # The table's model gives a single option a log probability of -1.
    assert values["bits_per_byte"] == pytest.approx((1 / 5 + 1 / 4) / 2 / 0.6931471805599453)
    values, _ = measured(rows, {"a": "grün"}, [])
    assert "bits_per_byte" not in values


def test_a_measure_by_another_name_is_refused_with_the_nearest(tmp_path) -> None:
    with pytest.raises(SettingsError, match=r"unknown measure `rouge_2`(.|\n)*did you mean `rouge2`") as caught:
        Catalogue(Settings.model_validate({"measures": ["rouge_2"]}), tmp_path)
    assert caught.value.key == ("measures",)


@pytest.mark.parametrize("name", ["ece", "bits_per_byte"])
def test_what_no_decision_can_turn_on_is_no_primary(row, tmp_path, name) -> None:
    settings = Settings.model_validate({"decision": {"primary": name}})
    with pytest.raises(SettingsError, match=f"no decision can turn on `{name}`"):
        domain_suite([row("x", "a")], kind="classification", split="test", settings=settings, project=tmp_path)


@pytest.mark.parametrize("name", ["matthews", "ece", "aurc", "micro_f1"])
def test_measures_of_labels_are_refused_elsewhere(row, tmp_path, name) -> None:
    settings = Settings.model_validate({"measures": [name]})
    with pytest.raises(SettingsError, match="is for classification; this task is chat"):
        domain_suite([row("x", "a")], kind="chat", split="test", settings=settings, project=tmp_path)


def test_asked_for_twice_is_measured_once(row, tmp_path) -> None:
    settings = Settings.model_validate({"measures": ["accuracy", "matthews"], "decision": {"primary": "matthews"}})
    suite = domain_suite([row("x", "a")], kind="classification", split="test", settings=settings, project=tmp_path)
    assert [spec.name for spec in suite.measures] == ["matthews", "macro_f1", "accuracy", "brier"]


def test_every_measure_says_what_it_is_and_no_two_share_a_signature(row) -> None:
    assert len({measure.spec().signature for measure in BUILT_IN.values()}) == len(BUILT_IN)
    for name, measure in BUILT_IN.items():
        assert name == measure.name
        assert (measure.score.__doc__ or "").strip(), name


def test_the_matthews_correlation_can_be_primary(row, measured, tmp_path) -> None:
    rows = [row(f"q{k}", LABELS[k % 3]) for k in range(12)]
    _, found = measured(rows, {r.input: r.reference for r in rows}, ["matthews"], kind="classification", labels=LABELS)
    spec = next(spec for spec in found.report.specs if spec.name == "matthews")
    assert aggregate(spec, found.items) == pytest.approx(1)

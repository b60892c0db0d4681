"""Faults that show on the surface: planted ones are found, and what is usual in the data is none."""

from __future__ import annotations

from typing import Any

import pytest

from strop.curate import Kept
from strop.curate.drafts import Draft
from strop.curate.finding import habits
from strop.records import Said

ENDINGS = ["at dawn", "by the lake", "in the rain", "on the ridge", "near the hut", "under the trees"]


def described(count: int) -> list[dict[str, Any]]:
    """Attributes and descriptions, all different."""
    things = ["lamp", "stove", "tent", "mat", "bag", "pole", "boot", "sock"]
    rows = []
    for n in range(count):
        thing, end = things[n % 8], ENDINGS[n % 6]
        said = f"You will like the {thing} of {n + 10} grams when it is with you {end}, and so will the others."
        rows.append({"prompt": f"name: Thing {n}\ntype: {thing}\nweight: {n + 10} grams", "completion": said})
    return rows


def reasons(bench: Any, rows: list[dict[str, Any]], **more: Any) -> dict[int, str | None]:
    bench.write("a.jsonl", rows)
    task = {"kind": "generation", **more.pop("task", {})}
    curated = bench.run(["a.jsonl"], task=task, data={"splits": {"validation": 0, "test": 0}, **more})
    return {line.line: line.reason for line in curated.ledger}


PLANTED: dict[str, dict[str, str]] = {
    "garbage": {"completion": "<div><p>&nbsp;{{ text }}</p></div> The lamp of 500 grams is here."},
    "garbage, broken": {"completion": "The lamp isnâ€™t â€œheavyâ€\x9d at 500 grams and \ufffd\ufffd."},
    "truncated": {"completion": "You will like the lamp of 500 grams when it is with"},
    "wrong_language": {"completion": "Die Lampe ist mit 500 grams nicht zu schwer und auch für den Weg bei Nacht."},
    "off_topic": {
        "prompt": "Where is my parcel, please?",
        "completion": "It will be with you when the lamp is in the store.",
    },
}


@pytest.mark.parametrize("case", PLANTED)
def test_a_planted_fault_is_found_and_no_other_row_leaves(case: str, bench: Any) -> None:
    rows = [*described(80), {"prompt": "name: Odd\ntype: lamp\nweight: 500 grams", **PLANTED[case]}]
    found = reasons(bench, rows)
    assert found.pop(81) == case.split(",")[0]
    assert set(found.values()) == {None}


SYSTEM = "You write one sentence about each product of the shop, and nothing else."


@pytest.mark.parametrize(
    "text",
    [
        "aaaaaa bbbb",
        "asdfgh qwert zxcv",
        "Asdf!",
        "ÜPOIUZT lkjh xxxxxxxx",
        "help qwertz qwertz",
        "xkcdq wrtzp lkjhg",
        "wrtpsdfghkxcvbnmqzwrtpsdfghkxcvbnmqzwrtp",
        "asdkjh qweoiu zxcmnb lkjqwe",
        "Was " * 40,
    ],
)
def test_keys_held_down_and_rows_of_keys_are_garbage(bench: Any, tickets: Any, text: str) -> None:
    fine = [
        "I want to tree were power",
        "Noooo way, this was a weird error",
        "The QWERTY keyboard that I ordered is broken",
        "HTTPS HDMI",
        "no no no no no, that is not what I meant",
        "We were property poor and sad",
    ]
    bench.write("a.jsonl", [*tickets(60), *({"text": one, "label": "a"} for one in (text, *fine))])
    curated = bench.run(["a.jsonl"], data={"splits": {"validation": 0, "test": 0}})
    assert {line.line for line in curated.ledger if line.reason == "garbage"} == {61}


GERMAN = ("Karte", "Rechnung", "Lieferung", "Anmeldung", "Gebühr", "Bestellung")
WHOLE = (
    "Wann kommt meine {} {} endlich bei mir an?",
    "Ich habe zu der {} {} noch eine Frage.",
    "Die {} {} ist falsch, bitte sehen Sie nach.",
    "Warum dauert das mit der {} {} so lange?",
    "Können Sie mir die {} {} noch einmal schicken?",
    "Die {} {} stellen Sie bitte ein",
    "Ich möchte zur {} {} wissen, ob das so bleiben kann",
)
CUT = {
    "Ich habe meine": "truncated",
    "Kann ich die": "truncated",
    "Ich warte schon sehr lange auf Antwort von Ihnen, weil": "truncated",
    "Wie hoch ist am Ende der Preis, wenn ich mit meiner": "truncated",
    "Ich habe gestern im Laden bezahlt und der Verkäufer sagte, dass": "truncated",
    "Wann wird die Kamera geliefert, die ich am": "truncated",
    "Pourquoi est-ce que ma carte ne marche pas ?": "wrong_language",
    "Where can I see whether it has been sent to me?": "wrong_language",
    "Is it true that my phone is going to die": "wrong_language",
}


def test_german_tickets_are_cut_off_and_foreign_as_english_ones_are(bench: Any) -> None:
    fine = [form.format(thing, n) for n, thing in enumerate(GERMAN * 5) for form in WHOLE]
    rows = [{"text": text, "label": "ab"[n % 2]} for n, text in enumerate([*fine, *CUT])]
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], data={"near_duplicate": 1, "splits": {"validation": 0, "test": 0}})
    told = {line.line: line.reason for line in curated.ledger}
    assert {text: told[len(fine) + n] for n, text in enumerate(CUT, 1)} == CUT
    assert [n for n in range(1, len(fine) + 1) if told[n] in ("truncated", "wrong_language", "garbage")] == []


CLAUSES = (
    "Facturen worden door {} binnen {} dagen na ontvangst voldaan.",
    "De aansprakelijkheid van {} is beperkt tot {} maal de koopsom.",
    "Opzegging door {} geschiedt met een termijn van {} weken, behoudens overmacht.",
    "De geheimhouding van {} duurt voort tot {} jaar na afloop van de overeenkomst.",
    "Alle prijzen van {} zijn exclusief omzetbelasting over {} jaar",
)


WHO = ("verhuurder", "opdrachtnemer", "licentiegever", "leverancier", "koper", "huurder", "vennootschap", "bank")
CUT_CLAUSES = (
    "Facturen worden door",
    "De geheimhouding van koper duurt voort tot 90 jaar na afloop van de overeen",
    "De aansprakelijkheid van huurder is beperkt tot",
    "Opzegging door bank geschiedt met een termijn van 80 weken, behoudens overm",
)


def test_texts_of_any_language_are_cut_off_behind_or_within_a_word(bench: Any) -> None:
    """No list of words holds Dutch: what ends texts here is counted."""
    texts = [*(form.format(WHO[n % 8], 3 + n) for n in range(40) for form in CLAUSES), *CUT_CLAUSES]
    bench.write("a.jsonl", [{"text": text, "label": "ab"[n % 2]} for n, text in enumerate(texts)])
    curated = bench.run(["a.jsonl"], data={"near_duplicate": 1, "splits": {"validation": 0, "test": 0}})
    told = {line.line: line.detail for line in curated.ledger if line.reason == "truncated"}
    assert sorted(told) == [201, 202, 203, 204]
    assert "'tot', which hardly ends a text" in told[203]
    assert "'overm', the first letters of other rows' words" in told[204]


def test_free_answers_are_cut_off_though_many_end_without_a_mark(bench: Any) -> None:
    texts = [*(form.format(WHO[n % 8], 3 + n) for n in range(40) for form in CLAUSES), *CUT_CLAUSES]
    rows = [{"prompt": f"Write clause {n} of the contract.", "completion": text} for n, text in enumerate(texts)]
    bench.write("a.jsonl", rows)
    data = {"near_duplicate": 1, "splits": {"validation": 0, "test": 0}}
    curated = bench.run(["a.jsonl"], task={"kind": "generation"}, data=data)
    assert [line.line for line in curated.ledger if line.reason == "truncated"] == [201, 202, 203, 204]


def test_spanish_texts_are_cut_off(bench: Any) -> None:
    forms = ("¿Dónde está mi {} {}?", "No encuentro la {} {}.", "Quiero devolver la {} {}.", "La {} {} es para mi")
    things = ("factura", "tarjeta", "reserva", "cuenta", "mesa", "entrada")
    fine = [form.format(thing, n) for n, thing in enumerate(things * 5) for form in forms]
    cut = "Ayer compré una mesa en la tienda de la"
    bench.write("a.jsonl", [{"text": text, "label": "ab"[n % 2]} for n, text in enumerate([*fine, cut])])
    curated = bench.run(["a.jsonl"], data={"near_duplicate": 1, "splits": {"validation": 0, "test": 0}})
    assert [line.line for line in curated.ledger if line.reason == "truncated"] == [len(fine) + 1]


NO_ANSWERS = {
    "As an AI language model I do not use a lamp of 500 grams.": "a model speaks of itself",
    "I'm sorry, but I can't assist with that request.": "refuses",
    "I cannot help with that.": "refuses",
    "<|im_start|>assistant\nThe lamp is of 500 grams.<|im_end|>.": "shows a chat template",
    f"{SYSTEM} The lamp is of 500 grams.": "repeats the instruction",
    "name: Odd\ntype: lamp\nweight: 500 grams\nit is for the tent and the mat": "repeats the question",
    "Sure! Here is what you asked for: name: Odd\ntype: lamp\nweight: 500 grams\nit is for the tent and the mat": (
        "repeats the question behind a few words"
    ),
    "...": "says nothing",
    "Es tut mir leid, dabei kann ich Ihnen leider nicht helfen.": "refuses",
    "Ich kann diese Frage nicht beantworten.": "refuses",
    "Je suis désolé, mais je ne peux pas répondre à cette question.": "refuses",
    "En tant que modèle de langage, je suis bien avec la lampe.": "a model speaks of itself",
    "Lo siento, no puedo ayudarte con eso.": "refuses",
    "I do not have access to real-time information.": "refuses",
    "Unfortunately I am unable to assist with this request.": "refuses",
    "Leider habe ich keinen Zugriff auf Echtzeitdaten.": "refuses",
    "Désolé, je ne suis pas en mesure de rédiger cette fiche.": "refuses",
    "Je n'ai pas assez d'informations pour répondre.": "refuses",
}


@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_an_answer_that_is_none_is_set_aside(answer: str, bench: Any) -> None:
    asked = "name: Odd\ntype: lamp\nweight: 500 grams\nit is for the tent and the mat"
    odd = {"prompt": asked, "completion": answer}
    bench.write("a.jsonl", [{"system": SYSTEM, **row} for row in (*described(80), odd)])
    curated = bench.run(["a.jsonl"], task={"kind": "generation"}, data={"splits": {"validation": 0, "test": 0}})
    left = {line.line: line for line in curated.ledger if line.action != "kept"}
    assert list(left) == [81] and left[81].reason == "no_answer"
    assert left[81].detail.startswith(NO_ANSWERS[answer])


def test_people_who_cannot_help_with_one_thing_and_questions_about_models_are_answers(bench: Any) -> None:
    rows = [{"prompt": row["prompt"].replace("\n", ", "), "completion": row["completion"]} for row in described(80)]
    rows += [
        {
            "prompt": "Can you change my order?",
            "completion": "I can't help with that order, but the shop will on Monday.",
        },
        {"prompt": "Are you an AI or is it a person?", "completion": "I am an AI, and a person will be with you soon."},
        {"prompt": "What does [INST] do in a prompt?", "completion": "The [INST] is where the question is to begin."},
        {
            "prompt": "Which of the two is it that you and I will see here?",
            "completion": "Which of the two is it that you and I will see here? It is the lamp.",
        },
    ]
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], task={"kind": "chat"}, data={"splits": {"validation": 0, "test": 0}})
    assert "no_answer" not in curated.faults and curated.rows.kept == 84


def test_an_answer_to_signs_without_width_leads_up_to_nothing(bench: Any) -> None:
    odd = {"prompt": "\u200b", "completion": "This is the answer to nothing at all."}
    bench.write("a.jsonl", [*described(60), odd])
    curated = bench.run(["a.jsonl"], task={"kind": "generation"}, data={"splits": {"validation": 0, "test": 0}})
    assert "no_answer" not in curated.faults


def test_what_many_rows_show_is_told_and_stays_unless_the_settings_say_so(bench: Any) -> None:
    rows = described(120)
    for row in rows[:10]:
        row["completion"] = row["completion"].rstrip(".")
    said: list[Any] = []
    bench.write("a.jsonl", rows)
    data = {"splits": {"validation": 0, "test": 0}}
    curated = bench.run(["a.jsonl"], task={"kind": "generation"}, data=data, on_event=said.append)
    assert curated.rows.kept == 120
    assert curated.faults["truncated"] == 10
    (warning,) = [event.text for event in said if isinstance(event, Said) and event.warning]
    assert "10 of 120 rows show truncated" in warning
    strict = bench.run(["a.jsonl"], task={"kind": "generation"}, data={**data, "faults": {"truncated": 0.2}})
    assert strict.reasons["truncated"] == 10


def test_beginnings_of_questions(bench: Any) -> None:
    rows = [{"text": f"Why is the {w} card {v} again?", "label": "ab"[n % 2]}
            for n, (w, v) in enumerate((w, v) for w in ("new", "old", "red", "blue", "lost", "spare", "first")
                                       for v in ("gone", "late", "broken", "blocked", "here"))]  # fmt: skip
    rows += [{"text": f"My {word} is gone.", "label": "a"} for word in ("purse", "money", "credit", "limit", "phone")]
    rows += [{"text": "Why is the", "label": "a"}, {"text": "card gone", "label": "b"}]
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], data={"splits": {"validation": 0, "test": 0}})
    assert [line.line for line in curated.ledger if line.reason == "truncated"] == [41]


def test_breaks_of_the_house_style(bench: Any) -> None:
    bench.write("guide.json", '{"rules": [{"id": "R1", "text": "No shouting", "check": {"must_not_match": "!"}}]}')
    rows = described(60)
    rows[7]["completion"] = rows[7]["completion"].replace(",", "!")
    found = reasons(bench, rows, task={"style": "guide.json"})
    assert {line: reason for line, reason in found.items() if reason} == {8: "style_break"}


def test_numbers_from_nowhere_are_shown_and_contradictions_leave(bench: Any) -> None:
    rows = described(60)
    wrong = rows[5]["completion"].replace("15", "99")
    rows.append({"prompt": "\n".join(reversed(rows[5]["prompt"].split("\n"))), "completion": f"Oh. {wrong}"})
    rows.append(
        {"prompt": "name: Single\ntype: mat\nweight: 5 grams", "completion": "The mat has 77 grams, you will like it."}
    )
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], task={"kind": "generation"}, data={"splits": {"validation": 0, "test": 0}})
    found = {line.line: (line.reason, line.of) for line in curated.ledger if line.reason}
    assert found == {61: ("conflicting_answers", "a.jsonl:6")}
    shown = [(fault.line, fault.evidence) for fault in curated.fault_table if fault.fault == "unsupported_answer"]
    assert shown == [(61, "says 99 g"), (62, "says 77 g")]


INVENTED = [
    ("The mat weighs 2 kg.", "says 2 kg"),
    ("The mat of Hilleberg weighs 2,000 g.", "says Hilleberg"),
    ("Die Matte von Jack Wolfskin wiegt 2 000 g.", "says Jack, Wolfskin"),
    ("Die Matte wiegt 1,5 kg.", "says 1.5 kg"),
    ("The mat, made since 1987, is 20 % lighter.", "says 1987, 20 %"),
    ("The mat weighs 2,000 g.", ""),
    ("It's A Mat: it weighs 2000 grams.", ""),
    ("It weighs 2 kg, and it is a mat for 20 pounds.", "says 2 kg"),
]


@pytest.mark.parametrize(("answer", "told"), INVENTED)
def test_a_unit_or_a_name_from_nowhere_is_shown_and_another_form_is_not(bench: Any, answer: str, told: str) -> None:
    rows = described(60)
    weight, kind = "2 g" if "2 kg" in told else "2 kg", "Matte" if "Matte" in answer else "mat"
    rows.append({"prompt": f"name: Single\ntype: {kind}\nweight: {weight}\nprice: £20", "completion": answer})
    bench.write("a.jsonl", rows)
    # Lines of two languages: which one is usual is not asked here.
    data = {"splits": {"validation": 0, "test": 0}, "faults": {"wrong_language": 0, "truncated": 0, "garbage": 0}}
    curated = bench.run(["a.jsonl"], task={"kind": "generation"}, data=data)
    shown = [one for one in curated.fault_table if one.fault == "unsupported_answer" and one.line == 61]
    shown = [one for one in shown if one.is_fault]
    assert [one.evidence for one in shown] == ([told] if told else []), curated.reasons


def test_names_that_many_answers_add_are_how_the_task_is(bench: Any) -> None:
    rows = described(60)
    for number, row in enumerate(rows):
        row["completion"] += f" By {'Hilleberg' if number % 2 else 'Kestrel'}."
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], task={"kind": "generation"}, data={"splits": {"validation": 0, "test": 0}})
    assert not [one for one in curated.fault_table if one.fault == "unsupported_answer" and one.is_fault]


def test_rows_that_a_file_holds_out_are_left_alone(bench: Any) -> None:
    bench.write("train.jsonl", described(60))
    odd = {"prompt": "name: Odd\ntype: lamp\nweight: 500 grams", "completion": "<p>&nbsp;</p> cut <br/>"}
    bench.write("test.jsonl", [odd])
    curated = bench.run(["train.jsonl", {"path": "test.jsonl", "split": "test"}], task={"kind": "generation"})
    assert len(curated.splits["test"]) == 1


def test_a_model_s_word_goes_before_the_surface(bench: Any) -> None:
    rows = [
        *described(60),
        {"prompt": "name: Odd\ntype: lamp\nweight: 500 grams", "completion": "The lamp of 500 grams is"},
    ]
    bench.write("a.jsonl", rows)
    data = {"splits": {"validation": 0, "test": 0}}
    plain = bench.run(["a.jsonl"], task={"kind": "generation"}, data=data)
    assert plain.reasons == {"truncated": 1}
    assert (
        bench.run(["a.jsonl"], task={"kind": "generation"}, data=data, kept=Kept(scores={"truncated": {}})).reasons
        == {}
    )


def test_a_text_that_asks_nothing_contradicts_nothing(bench: Any, tickets: Any) -> None:
    asking = [{"text": f"Why is the {thing} here not {n} yet?", "label": "ab"[n % 2]}
              for n, thing in enumerate(("card", "fee", "limit", "phone", "purse") * 8)]  # fmt: skip
    odd = [("Why is the", "a"), ("why is the", "b"), ("asdfgh qwert", "a"), ("asdfgh qwert", "b"),
           ("May I pay later?", "a"), ("May I pay later?", "b")]  # fmt: skip
    rows = [*asking, *tickets(40), *({"text": text, "label": label} for text, label in odd)]
    rows += [{"text": "Where is the card that I ordered?", "label": label} for label in "ab"]
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], data={"near_duplicate": 1, "splits": {"validation": 0, "test": 0}})
    found = {line.line: line.reason for line in curated.ledger if line.line > 80}
    assert found == {
        81: "truncated", 82: "truncated", 83: "garbage", 84: "garbage", 85: "conflicting_answers",
        86: "conflicting_answers", 87: "conflicting_answers", 88: "conflicting_answers",
    }  # fmt: skip
    assert {row.origin.line for row in curated.waiting} == {85, 86, 87, 88}
    table = [(one.line, one.fault) for one in curated.fault_table if one.is_fault and one.line in (81, 83, 85)]
    assert table == [(81, "truncated"), (83, "garbage"), (85, "conflicting_answers")]


def test_a_contradicted_row_has_its_other_scores_too(bench: Any, tickets: Any) -> None:
    rows = [*tickets(120), *({"text": "Who won yesterday evening?", "label": label} for label in "ab")]
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], data={"near_duplicate": 1, "splits": {"validation": 0, "test": 0}})
    table = {(one.line, one.fault): one.is_fault for one in curated.fault_table if one.line > 120}
    assert table[121, "conflicting_answers"] and table[121, "off_topic"] and (121, "label_suspect") not in table
    assert curated.reasons == {"conflicting_answers": 2}


OTHERS = {
    "en": "My order arrived broken and nobody at the shop answers the phone",
    "de": "Der Kühlschrank macht Geräusche, können Sie jemanden schicken?",
    "es": "¿Dónde está mi paquete? Llevo dos semanas esperando",
    "fr": "Où est mon colis ? J'attends une réponse depuis deux semaines",
    "it": "Dov'è il mio pacco? Sto aspettando da due settimane una risposta",
    "nl": "De bestelling klopt niet, ik wil graag mijn geld terug",
    "pl": "Gdzie jest moja paczka? Czekam już dwa tygodnie na odpowiedź",
    "tr": "Siparişim hasarlı geldi, paramı geri istiyorum lütfen",
    "sv": "Jag får inte tillbaka mina pengar för den trasiga lampan",
    "Cyrillic": "Где моя посылка? Я жду уже две недели",
    "Chinese": "我的包裹在哪里?我已经等了两个星期了",
    "Japanese": "私の荷物はどこですか?二週間待っています",
    "Arabic": "أين طردي؟ أنا أنتظر منذ أسبوعين",
    "Greek": "Πού είναι το δέμα μου; Περιμένω δύο εβδομάδες",
}
USUAL = {
    "en": ("My {} {} is wrong", "Cancel {} {}", "The S. p. A. {} {} di Genova", "Die cast {} model {}"),
    "es": ("A la {} {} le falta una pieza", "Cancelar {} {}", "Quiero devolver la {} {}", "La {} {} no se ve"),
    "de": ("Meine {} {} ist falsch", "{} {} stornieren", "Wo finde ich die {} {}?", "{} {} in der App"),
}


@pytest.mark.parametrize("usual", USUAL)
def test_texts_in_other_languages_and_scripts_are_found_and_names_are_not(bench: Any, usual: str) -> None:
    things = ("factura", "Visa", "Kindle", "reserva", "Lampe", "table", "veste", "Sofa", "Ticket", "App")
    fine = [form.format(thing, n) for n, thing in enumerate(things * 4) for form in USUAL[usual]]
    foreign = [text for language, text in OTHERS.items() if language != usual]
    bench.write("a.jsonl", [{"text": text, "label": "ab"[n % 2]} for n, text in enumerate([*fine, *foreign])])
    data = {"near_duplicate": 1, "splits": {"validation": 0, "test": 0}, "faults": {"wrong_language": 0.2}}
    curated = bench.run(["a.jsonl"], data=data)
    found = {line.line: line.reason for line in curated.ledger if line.reason not in ("truncated", None)}
    assert found == dict.fromkeys(range(len(fine) + 1, len(fine) + len(foreign) + 1), "wrong_language")
    told = [one.evidence for one in curated.fault_table if one.fault == "wrong_language"]
    assert f"Greek script, where the others are {usual}" in told


def test_a_translation_that_was_asked_for_is_in_the_right_language(bench: Any) -> None:
    rows = [
        *described(80),
        {"prompt": "Translate into Chinese:\nweight: 500 grams", "completion": "这盏灯重五百克，很适合在路上使用。"},
        {"prompt": "name: Odd\nweight: 600 grams", "completion": "这盏灯重六百克，很适合在路上使用。"},
    ]
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], task={"kind": "chat"}, data={"splits": {"validation": 0, "test": 0}})
    assert [line.line for line in curated.ledger if line.reason == "wrong_language"] == [82]


def test_japanese_without_kana_among_japanese_is_no_chinese(bench: Any) -> None:
    things = ("注文", "請求書", "配送", "予約", "送金", "残高")
    rows = [{"text": f"{thing}{n}番はどこで確認できますか", "label": "ab"[n % 2]} for n, thing in enumerate(things * 8)]
    rows += [
        {"text": "配送状況確認", "label": "a"},
        {"text": "Where is my parcel and when will it be here?", "label": "a"},
    ]
    bench.write("a.jsonl", rows)
    curated = bench.run(["a.jsonl"], data={"near_duplicate": 1, "splits": {"validation": 0, "test": 0}})
    assert [line.line for line in curated.ledger if line.reason == "wrong_language"] == [50]


def test_a_fault_that_a_row_showed_is_looked_for_alone() -> None:
    """Of an addition's known rows only what they showed is made again."""
    key, kind = bytes(range(32)), "classification"
    texts = [f"{row['completion']} Where is it and when will you have it for me?" for row in described(40)]
    texts += [
        "<p>mjk qxz</p><br/>&nbsp; " * 30,
        "Warum ist meine Karte nicht da und wo kann ich sie sehen",
        "I am the",
        "hhhhhh",
    ]
    rows = [Draft("a.jsonl", n, None, (("user", text),), "a", identity=f"ex_{n}") for n, text in enumerate(texts)]
    told = habits.Habits(habits.learnt(rows[:40], kind, key), kind, key)
    shown = [told.signs(row, speaks=False) for row in rows]
    assert {fault for signs in shown for fault in signs} >= {"garbage", "outlier", "wrong_language"}
    for row, signs in zip(rows, shown, strict=True):
        for fault in habits.UNUSUAL:
            alone = told.signs(row, speaks=False, only=[fault])
            assert alone == {name: sign for name, sign in signs.items() if name == fault}

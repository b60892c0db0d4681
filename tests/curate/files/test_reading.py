"""Files to rows: formats and encodings told by content, and no bad row stops the next."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from strop.curate.files import json_rows, reading
from strop.curate.files.formats import layout, raw_rows
from strop.errors import UserError

ROWS = [{"text": f"Wo ist meine Überweisung {n}?", "label": "a"} for n in range(30)]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)


def read(path: Path) -> list[Any]:
    return [row.value if row.value is not None else row.problem for row in raw_rows(path, layout(path))]


def _csv(rows: list[dict[str, str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


FORMS: dict[str, bytes] = {
    "jsonl": LINES.encode(),
    "without a line end": LINES.rstrip("\n").encode(),
    "windows line ends": LINES.replace("\n", "\r\n").encode(),
    "old mac line ends": LINES.replace("\n", "\r").encode(),
    "blank lines between": LINES.replace("\n", "\n\n").encode(),
    "utf-8 with a mark": LINES.encode("utf-8-sig"),
    "utf-16 with a mark": LINES.encode("utf-16"),
    "utf-16-le": LINES.encode("utf-16-le"),
    "utf-16-be": LINES.encode("utf-16-be"),
    "utf-32 with a mark": LINES.encode("utf-32"),
    "latin-1": LINES.encode("latin-1"),
    "gzip": gzip.compress(LINES.encode()),
    "gzip of utf-16": gzip.compress(LINES.encode("utf-16")),
    "json": json.dumps(ROWS).encode(),
    "json, indented": json.dumps(ROWS, indent=2, ensure_ascii=False).encode(),
    "json, wrapped": json.dumps({"version": 1, "data": ROWS}).encode(),
    "json, wrapped and indented": json.dumps({"name": "x", "rows": ROWS}, indent=1).encode(),
    "objects one after another": "\n".join(json.dumps(row, indent=1) for row in ROWS).encode(),
    "csv": _csv(ROWS).encode(),
    "csv with semicolons": _csv(ROWS, ";").encode("utf-8-sig"),
    "csv in windows-1252": _csv(ROWS).encode("cp1252"),
    "tsv": _csv(ROWS, "\t").encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_rows_whatever_its_name(form: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.data"
    path.write_bytes(FORMS[form])
    assert read(path) == ROWS


def test_quotes_around_a_sign_are_windows_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("text,label\nKöln “€” is late,a\nplain,b\n".encode("cp1252"))
    assert [row["text"] for row in read(tmp_path / "a.csv")] == ["Köln “€” is late", "plain"]


@pytest.mark.parametrize(
    "text", [json.dumps(ROWS), json.dumps(ROWS, indent=1), "[" + LINES.replace("}\n", "},\n")[:-2] + "]"]
)
def test_a_list_of_rows_is_read_whatever_its_file_is_called(text: str, tmp_path: Path) -> None:
    for name in ("rows.jsonl", "rows.ndjson", "rows.csv"):
        (tmp_path / name).write_text(text, "utf-8")
        assert read(tmp_path / name) == ROWS


def test_a_line_that_names_the_delimiter_is_no_header(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(("sep=;\r\n" + _csv(ROWS, ";")).encode("utf-8-sig"))
    assert read(tmp_path / "a.csv") == ROWS and layout(tmp_path / "a.csv").columns == ("text", "label")
    (tmp_path / "b.csv").write_text("sep=;\n")
    assert read(tmp_path / "b.csv") == []


def test_what_is_packed_twice_is_refused_as_that(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(gzip.compress(LINES.encode())))
    with pytest.raises(UserError, match=r"is packed twice \(gzip in gzip\)"):
        layout(tmp_path / "a.jsonl.gz")


def test_what_a_packed_file_holds_is_told_by_its_content(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "rows.parquet")
    data = (tmp_path / "rows.parquet").read_bytes()
    for packed in (gzip.compress(data), pytest.importorskip("zstandard").compress(data)):
        (tmp_path / "packed").write_bytes(packed)
        assert read(tmp_path / "packed") == ROWS
    (tmp_path / "cut.parquet.gz").write_bytes(gzip.compress(data)[:-9])
    with pytest.raises(UserError, match="the gzip data is damaged"):
        layout(tmp_path / "cut.parquet.gz")
    (tmp_path / "a.xlsx.gz").write_bytes(gzip.compress(b"PK\x03\x04 and so on"))
    with pytest.raises(UserError, match="is a spreadsheet or a zip archive, not rows"):
        layout(tmp_path / "a.xlsx.gz")


def test_zstd_and_parquet(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "rows.parquet")
    assert read(tmp_path / "rows.parquet") == ROWS
    with pa.CompressedOutputStream(str(tmp_path / "rows.zst"), "zstd") as stream:
        stream.write(LINES.encode())
    pytest.importorskip("zstandard")
    assert read(tmp_path / "rows.zst") == ROWS


def test_encodings_are_recorded(tmp_path: Path) -> None:
    for name, data in (
        ("utf-16-le", LINES.encode("utf-16-le")),
        ("cp1252", LINES.encode("latin-1")),
        ("cp1252", "Viele Grüße, süße Füße\n".encode("cp1252")),
        ("cp1252", "une idée créée pour Noël\n".encode("cp1252")),
        ("utf-8", LINES.encode()),
        ("utf-8", b"text\ncaf\xc3\xa9\nna\xc3 ve\n"),
        ("utf-8", "Где моя новая карта?\nНе на по\n".encode("cp1251")),
    ):
        (tmp_path / name).write_bytes(data)
        assert layout(tmp_path / name).encoding == name


ASKED = {
    "ru": "Здравствуйте, я не могу войти в свой аккаунт\nГде моя карта? Она до сих пор не пришла\n"
    "Почему с меня сняли деньги",
    "ja": "カードがまだ届いていません。いつ届きますか\nアカウントにログインできません",
    "zh": "我的卡还没有到，什么时候能收到\n我无法登录我的账户\n我想退款，订单号是45\n为什么收取手续费\n运费是多少",
    "el": "Δεν μπορώ να συνδεθώ στον λογαριασμό μου\nΠού είναι η κάρτα μου; Δεν έχει φτάσει ακόμα",
    "ko": "카드가 아직 도착하지 않았습니다\n계정에 로그인할 수 없어요",
    "pl": "Nie mogę zalogować się na swoje konto, proszę\nGdzie jest moja karta? Jeszcze nie przyszła\n"
    "Dlaczego opłatę pobrano już dziś? Jeśli można, chcę zwrot",
    "cs": "Když se přihlásím, není tam můj účet\nKde je moje karta? Ještě nepřišla\nProč už není účet můj",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("ru", "cp1251"), ("ru", "koi8-r"), ("ja", "shift_jis"), ("ja", "euc_jp"), ("zh", "gb18030"), ("zh", "big5"),
        ("el", "cp1253"), ("ko", "euc_kr"), ("pl", "cp1250"), ("pl", "iso8859-2"), ("cs", "cp1250"),
        ("cs", "iso8859-2"),
    ],
)  # fmt: skip
def test_old_encodings_are_told_by_the_text_that_they_give(tmp_path: Path, text: str, encoding: str) -> None:
    rows = [{"text": line, "label": "a"} for line in ASKED[text].split("\n")]
    told = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "a.jsonl").write_bytes(told.encode(encoding, "replace"))
    found = layout(tmp_path / "a.jsonl")
    assert found.encoding not in ("utf-8", "cp1252")
    assert [row.value for row in raw_rows(tmp_path / "a.jsonl", found)] == [
        json.loads(line) for line in told.encode(encoding, "replace").decode(encoding).splitlines()
    ]
    (tmp_path / "a.jsonl").write_bytes(told.encode().replace(b"\n", b"\xd0\n"))  # half a sign in each line
    assert layout(tmp_path / "a.jsonl").encoding == "utf-8"


def test_bad_lines_keep_their_number_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    lines = [
        '{"text": "ä", "label": "a"}'.encode(),
        '{"text": "ä", "label": "a"}'.encode("latin-1"),
        b'{"text": "nul\0", "label": "a"}',
        b'{"text": "half \xc3", "label": "a"}',
        b'{"text": "cut',
        b"[1, 2]",
        b'{"text": NaN}',
        b"[" * 100_000,
        b'{"n": ' + b"1" * 5000 + b"}",
        b'{"text": "last", "label": "b"}',
    ]
    path.write_bytes(b"\n".join(lines))
    found = {row.line: row.problem for row in raw_rows(path, layout(path))}
    assert found[1] == found[10] == ""
    assert "0xe4 in column 11" in found[2]
    assert "NUL" in found[3] and "column 14" in found[3]
    assert "0xc3" in found[4]
    assert "not JSON: unterminated string" in found[5]
    assert "a list" in found[6]
    assert "NaN" in found[7]
    assert "nested too deeply" in found[8]
    assert "not JSON" in found[9]
    columns = {row.line: row.column for row in raw_rows(path, layout(path)) if row.problem}
    assert columns == {2: "11", 3: "14", 4: "16", 5: "10", 6: "", 7: "10", 8: "", 9: ""}


def test_a_too_long_line_is_skipped_without_being_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST_LINE", 1000)
    path = tmp_path / "rows.jsonl"
    long = json.dumps({"text": "x" * 5_000_000})
    path.write_text(f'{{"text": "one"}}\n{long}\n{{"text": "two"}}\n', "utf-8")
    rows = list(raw_rows(path, layout(path)))
    assert [row.line for row in rows] == [1, 2, 3]
    assert "longer than" in rows[1].problem
    assert [row.value for row in rows if row.value] == [{"text": "one"}, {"text": "two"}]


@pytest.mark.parametrize(("byte", "before", "told"), [(-6, 50, "checksum"), (-1, 50, "length"), (60, 1, "damaged")])
def test_a_damaged_byte_costs_no_row_before_it(tmp_path: Path, byte: int, before: int, told: str) -> None:
    path = tmp_path / "a.jsonl.gz"
    data = bytearray(gzip.compress("".join(f'{{"n": "{n}"}}\n' for n in range(50)).encode()))
    data[byte] ^= 0xFF  # all of it is one block
    path.write_bytes(data)
    rows = list(raw_rows(path, layout(path)))
    assert [row.value for row in rows[:before]] == [{"n": str(n)} for n in range(before)]
    assert rows[-1].problem is not None and told in rows[-1].problem


@pytest.mark.slow
def test_a_damaged_gzip_gives_the_rows_before_the_damage(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    text = "".join(json.dumps({"text": f"{n} {hash(str(n))}"}) + "\n" for n in range(20_000))
    data = gzip.compress(text.encode())
    path.write_bytes(data[: len(data) // 2])
    rows = list(raw_rows(path, layout(path)))
    assert len(rows) > 1_000
    assert [row for row in rows if row.problem] == rows[-1:]
    assert "damaged" in rows[-1].problem
    path = tmp_path / "rows.json.gz"
    path.write_bytes(gzip.compress(json.dumps([{"n": str(n)} for n in range(50_000)]).encode())[:-5000])
    rows = list(raw_rows(path, layout(path)))
    assert len(rows) > 1_000
    assert "damaged" in rows[-1].problem


@pytest.mark.parametrize("packed", ["gzip", "zstd"])
@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows.csv"])
def test_damage_at_any_byte_is_a_problem_of_rows(packed: str, name: str, tmp_path: Path) -> None:
    """Nothing is raised: an EOFError that came through was taken for a Ctrl-C by the command line."""
    rows = [{"text": f"where is parcel {n}", "label": "ab"[n % 2]} for n in range(12)]
    text = json.dumps(rows) if name.endswith(".json") else "".join(json.dumps(row) + "\n" for row in rows)
    if name.endswith(".csv"):
        text = "text,label\n" + "".join(f"{row['text']},{row['label']}\n" for row in rows)
    pack = gzip.compress if packed == "gzip" else pytest.importorskip("zstandard").compress
    whole, told = pack(text.encode()), 0
    path = tmp_path / f"{name}.packed"
    for at in range(4, len(whole)):
        for data in (whole[:at], bytes([*whole[:at], whole[at] ^ 0xFF, *whole[at + 1 :]])):
            path.write_bytes(data)
            told += any("damaged" in row.problem for row in raw_rows(path, layout(path)))
    assert told > len(whole) - 4


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Где моя новая карта? Я жду её уже неделю"),
        ("shift_jis", "カードはいつ届きますか。まだ届いていません"),
        ("iso8859-2", "Źle działa moja karta i proszę o nową w tym tygodniu"),
        ("utf-16", "Wo bleibt meine Karte? Ich warte schon länger"),
    ],
)
def test_a_named_encoding_is_read(encoding: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(f"text,label\n{text},a\n{text} 2,b\n".encode(encoding))
    how = layout(path, encoding)
    assert how.encoding == encoding
    assert [row.value for row in raw_rows(path, how)] == [
        {"text": text, "label": "a"},
        {"text": f"{text} 2", "label": "b"},
    ]


def test_a_byte_that_is_not_of_the_named_encoding_is_one_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("text,label\nгде карта,a\n".encode("cp1251") + b"\x98x,b\n" + "где счёт,a\n".encode("cp1251"))
    bad, *others = [row for row in raw_rows(path, layout(path, "cp1251")) if row.line == 3 or row.value]
    found = {row.line: row for row in (bad, *others)}
    assert [found[n].value is None for n in (2, 3, 4)] == [False, True, False]
    assert (found[3].problem, found[3].column) == ("is not cp1251 (in column 1)", "1")


def test_every_problem_has_its_column_value_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b'text,label\nhi,a,surplus words\nalone\nx\xff\xfe,b\ny\0,b\n"open,a\n')
    rows = {row.line: row for row in raw_rows(path, layout(path)) if row.problem}
    assert {line: row.column for line, row in rows.items()} == {2: "3", 3: "label", 4: "2", 5: "2", 6: "1"}
    assert "'surplus words'" in rows[2].problem and "quotes" in rows[2].remedy
    assert "no `label` after 'alone'" in rows[3].problem
    assert "0xff" in rows[4].problem and "encoding: cp1251" in rows[4].remedy
    assert all(row.remedy for row in rows.values())
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "%s", "label": oops}\n' % ("many words " * 20), "utf-8")
    (row,) = raw_rows(path, layout(path))
    assert row.column == str(9 + 222 + 12) and "oops" in row.problem


def test_an_unclosed_quote_takes_no_other_row_with_it(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    good = "".join(f'"row {n}, with ""quotes"" and\ntwo lines",a\n' for n in range(50))
    path.write_text(f'text,label\n{good}"never closed,a\n{good}too,many,fields\nfew\n{good}', "utf-8")
    rows = list(raw_rows(path, layout(path)))
    assert sum(row.value is not None for row in rows) == 150
    problems = {row.line: row.problem for row in rows if row.problem}
    assert list(problems) == [102, 203, 204]
    assert "quote" in problems[102]
    assert problems[203] == "has 3 fields, the header has 2: 'fields' is one too many"


def test_blank_lines_inside_a_field_stay(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('\n\ntext,label\n"one\n\n\ntwo",a\n\nthree,b\n', "utf-8")
    assert read(path) == [{"text": "one\n\n\ntwo", "label": "a"}, {"text": "three", "label": "b"}]


def test_a_broken_element_of_a_json_document_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    text = json.dumps(ROWS, indent=2).replace('"label": "a"', '"label": oops', 1)
    path.write_text(text, "utf-8")
    rows = list(raw_rows(path, layout(path)))
    assert "not JSON" in rows[0].problem
    assert rows[0].line == 2
    assert [row.value for row in rows[1:]] == ROWS[1:]


TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries({"text": TEXT, "label": TEXT}), min_size=2, max_size=8))
def test_round_trips(rows: list[dict[str, str]], tmp_path: Path) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "a.jsonl").write_text(lines, "utf-8")
    assert read(tmp_path / "a.jsonl") == rows
    (tmp_path / "a.json").write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
    assert read(tmp_path / "a.json") == rows


CELL = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters='\n",;'), min_size=1, max_size=30)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries({"text": CELL, "label": CELL}), min_size=1, max_size=8))
def test_csv_round_trips(rows: list[dict[str, str]], tmp_path: Path) -> None:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=["text", "label"], quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (tmp_path / "a.csv").write_text(out.getvalue(), "utf-8", newline="")
    assert read(tmp_path / "a.csv") == rows


PIECES = [
    b'{"text": "a", "label": "b"}',
    b"\n",
    b'"',
    b",",
    b"[",
    b"]",
    b"{",
    b"\0",
    b"\xff",
    b"a,b\n",
    b"\r",
    b'"a": ',
]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.one_of(
        st.binary(max_size=400),
        st.lists(st.sampled_from(PIECES)).map(b"".join),
        st.tuples(st.lists(st.sampled_from(PIECES)).map(b"".join), st.integers(10, 60)).map(
            lambda pair: gzip.compress(pair[0])[: pair[1]]
        ),
    ),
    suffix=st.sampled_from([".jsonl", ".json", ".csv", ".tsv", ".gz", ""]),
)  # fmt: skip
def test_any_bytes_give_rows_or_a_clear_error(data: bytes, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(data)
    try:
        rows = list(raw_rows(path, layout(path)))
    except UserError as error:
        assert str(path) in str(error)
        return
    lines = [row.line for row in rows]
    assert lines == sorted(lines)
    assert all((row.value is None) == bool(row.problem) for row in rows)


PIECES = [b"a", b"\xc3\xa9", b"\n", b"\n", b"\r\n", b"\r", b"\0", b"\xef\xbb\xbf", b"\xff", b"a word\n", b"b" * 30]


@pytest.mark.parametrize("seed", range(40))
def test_lines_are_the_same_in_blocks_of_any_size_looked_at_together_or_one_by_one(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    pieces = PIECES if seed % 2 else [piece for piece in PIECES if b"\r" not in piece and b"\xff" not in piece]
    (path := tmp_path / "a").write_bytes(b"x\n" + b"".join(rng.choices(pieces, k=rng.randint(0, 60))))
    monkeypatch.setattr(reading, "LONGEST_LINE", 25)
    how = reading.Stored("none", "utf-8")
    found = []
    for block in (1 << 20, 2, 3, 7, 64):
        monkeypatch.setattr(reading, "_BLOCK", block)
        found.append(list(reading.lines(path, how)))
    monkeypatch.setattr(reading, "_plain", lambda several: None)
    found.append(list(reading.lines(path, how)))
    assert [line.number for line in found[0]] == list(range(1, len(found[0]) + 1))
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize(
    "text",
    [
        '{"text": "a", "label": "b"}',
        ' {"text": "a"} ',
        '{"text": "at 10:30", "label": "b"}',
        '{"text": "a", "text": "b"}',
        '{"text": "a", "text": "a"}',
        '{"text": "a", "text": "b:"}',
        '{"text": "a", "of": ["b"]}',
        '{"text": {"text": "a", "text": "b"}}',
        '{"text": "{", "a": 1, "a": 2}',
        '{"text": NaN}',
        '{"text": 1e999, "a": -0}',
        '{"text": "a"}{"text": "b"}',
        '{"text": "a"',
        "{}",
        '["{"]',
        '"{"',
        '{"a": ' + "[" * 5000 + "]" * 5000 + "}",
    ],
)
def test_a_flat_object_is_read_as_any_other(text: str) -> None:
    """The shorter way gives what the longer one gives, or nothing."""
    line = reading.Line(7, text)
    assert list(json_rows.from_lines([[line]])) == [json_rows._row(7, text, json_rows._Strict())]


_PIECES = (
    '{"a": "x"}', '{"a": "b: c"}', '{"a": 1, "a": 2}', '{"a": 1, "a": 1}', '{"a" : 1, "a": 2, "b:": 3}', '{"a": "x}',
    '{", "b": 2}', '{"a": [1}', '{2]}', '{"a": 1},2,{"b": 3}', '{"a": 1},"}', '{",5,"}', '{"]}', '{"}', '{"a": NaN}',
    '{"a": {"b": 1}}', "{}", "[]", "5", "", " ", '{"a": 1},', '{"a": 1', '{"a": "{"}', '{"a": "}"}', '"}',
)  # fmt: skip


@example(['{"a": "x}', '{", "b": 2}'])
@example(['{"a": 1},{"b": 3}', '{"a": "x}', '{", "b": 2}'])
@given(st.lists(st.sampled_from(_PIECES), max_size=6))
def test_many_lines_are_read_as_each_by_itself(texts: list[str]) -> None:
    """Also where lines together would be JSON that they are not alone."""
    first = [reading.Line(1, '{"a": "first"}'), reading.Line(2, '{"a": "second"}')]
    several = [reading.Line(number, text) for number, text in enumerate(texts, 3)]
    alone = [row for line in several for row in list(json_rows.from_lines([first, [line]]))[2:]]
    together = reading.Plain(1, [line.text for line in (*first, *several)])
    assert list(json_rows.from_lines([together]))[2:] == alone
    assert list(together) == [*first, *several]


def test_lines_of_many_blocks_keep_their_numbers(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    rows = [{"text": f"row {number} at 10:{number % 60}", "label": "b"} for number in range(4_000)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    found = list(raw_rows(file, layout(file)))
    assert [row.line for row in found] == list(range(1, 4_001)) and [row.value for row in found] == rows


def test_a_name_with_two_values_is_a_bad_row_at_any_depth(tmp_path: Path) -> None:
    lines = [
        '{"text": "a", "label": "b"}',
        '{"text": "a", "label": "b", "label": "c"}',
        '{"text": "a", "label": "b", "label": "b"}',
        '{"messages": [{"role": "user", "content": "x", "content": "y"}]}',
        '{"text": "a", "label": "b", "meta": {"deep": [{"id": 1, "id": true}]}}',
    ]
    for name, text in (("a.jsonl", "\n".join(lines)), ("a.json", f"[{', '.join(lines)}]")):
        (tmp_path / name).write_text(text, "utf-8")
        rows = list(raw_rows(tmp_path / name, layout(tmp_path / name)))
        assert [row.value is None for row in rows] == [False, True, False, True, True], name
        assert [row.column for row in rows if row.problem] == ["label", "content", "id"]
        assert rows[1].problem == 'gives `label` two values: "b" and "c"' and "keep one" in rows[1].remedy


def test_a_column_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label, label \nhi,a,b\n", "utf-8")
    with pytest.raises(UserError, match=r"two columns `label` \(column 2 and column 3\)"):
        layout(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("text,,label,\nhi,,a,\n", "utf-8")
    assert read(tmp_path / "b.csv") == [{"text": "hi", "": "", "label": "a"}]


def test_line_ends_of_three_systems_in_one_file(tmp_path: Path) -> None:
    ends = ["\n", "\r\n", "\r", "\r\r\n"]
    (tmp_path / "a.jsonl").write_bytes("".join(json.dumps(r) + ends[n % 4] for n, r in enumerate(ROWS)).encode())
    assert read(tmp_path / "a.jsonl") == ROWS
    lines = ["text,label", *(f"{row['text']},{row['label']}" for row in ROWS), '"kept\rinside",a']
    (tmp_path / "a.csv").write_bytes("".join(line + ends[n % 4] for n, line in enumerate(lines)).encode())
    assert read(tmp_path / "a.csv") == [*ROWS, {"text": "kept\rinside", "label": "a"}]


def test_files_with_marks_one_behind_the_other(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINES.encode("utf-8-sig") * 2)
    assert read(tmp_path / "a.jsonl") == ROWS * 2


def test_wide_encodings_lose_no_half_character(tmp_path: Path) -> None:
    whole = LINES.encode("utf-16-le")
    (tmp_path / "cut.jsonl").write_bytes(whole[:-1])
    assert read(tmp_path / "cut.jsonl") == [*ROWS[:-1], "is not utf-16-le (in column 55)"]
    half = '{"text": "x'.encode("utf-16-le") + b"\x3d\xd8" + '", "label": "a"}\n'.encode("utf-16-le")
    (tmp_path / "half.jsonl").write_bytes(whole + half)
    assert read(tmp_path / "half.jsonl") == [*ROWS, "is not utf-16-le (in column 12)"]


def test_what_is_one_value_or_one_table_in_an_object_is_said(tmp_path: Path) -> None:
    columns = {"text": ["a", "b"], "label": ["x", "y"]}
    for name, text, told in (
        ("number", "42\n", "is a number"),
        ("text", '"some text"', "is a text"),
        ("columns", json.dumps(columns), "holds 2 rows column by column (text, label)"),
        ("indented", json.dumps(columns, indent=1), "holds 2 rows column by column"),
        ("pandas", json.dumps({k: dict(enumerate(v)) for k, v in columns.items()}), "holds 2 rows column by column"),
        ("named", json.dumps({"one": ROWS[0], "two": ROWS[1]}), "holds 2 rows by names (one, two)"),
        ("commas.jsonl", ",\n".join(json.dumps(row) for row in ROWS), "extra data"),
    ):
        (tmp_path / name).write_text(text, "utf-8")
        first = next(iter(raw_rows(tmp_path / name, layout(tmp_path / name))))
        assert told in first.problem and first.remedy, name
    lone = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "tools": [{}, {}]}
    (tmp_path / "row").write_text(json.dumps(lone), "utf-8")
    assert read(tmp_path / "row") == [lone]


def test_parquet_with_bytes_maps_and_damage(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "rows.parquet"
    columns = {
        "text": pa.array([b"caf\xc3\xa9", b"caf\xe9"], pa.binary()),
        "label": pa.array([1.0, float("nan")]),
        "meta": pa.array([[("id", "1")], [("id", "2")]], pa.map_(pa.string(), pa.string())),
    }
    parquet.write_table(pa.table(columns), path)
    assert read(path) == [
        {"text": "café", "label": 1.0, "meta": {"id": "1"}},
        "`text` holds bytes that are not UTF-8 (0xe9 at place 4)",
    ]
    parquet.write_table(pa.table({"label": [float("nan")]}), path)
    assert read(path) == [{"label": None}]
    rows = [{"text": f"row {n} says this"} for n in range(300)]
    parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=100, compression="none", use_dictionary=False)
    data = path.read_bytes()
    place = data.index(b"row 150 says")
    path.write_bytes(data[:place] + b"\xff" * 40 + data[place + 40 :])
    found = read(path)
    assert found[:100] == rows[:100] and found[200:] == rows[200:]
    assert len(found) == 300 and all(
        "damaged" in str(row) or row == rows[100 + n] for n, row in enumerate(found[100:200])
    )


def test_a_parquet_row_may_be_as_long_as_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    from strop.curate.files import parquet as reader

    monkeypatch.setattr(reader, "LONGEST_LINE", 10_000)
    texts = [f"row {n} " + "says this " * (5000 if n == 3 else 50) for n in range(30)]
    labels = pa.array(["refund " * 900, "billing " * 800] * 15).dictionary_encode()
    parquet.write_table(pa.table({"text": texts, "label": labels}), tmp_path / "rows.parquet")
    found = read(tmp_path / "rows.parquet")
    assert found[3] == "the row is longer than 0 MiB"
    del found[3], texts[3]
    assert [row["text"] for row in found if isinstance(row, dict)] == texts  # each holds of the dictionary its own

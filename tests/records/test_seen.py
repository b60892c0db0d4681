"""What people may see of a text."""

from strop.records import shown


def test_what_commands_a_terminal_is_not_shown() -> None:
    assert shown("a\x1b[31mb\x9bc\u202ed\r") == "a\ufffd[31mb\ufffdc\ufffdd\ufffd"
    assert shown("naïve\tÜmlaut\n語 😀 شكرا") == "naïve\tÜmlaut\n語 😀 شكرا"

"""Templates to pages: everything is escaped; only drawings and our own style sheet pass as markup."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from strop.measure import display_name
from strop.records import shown
from strop.web import words


@dataclass(frozen=True)
class Frame:
    """What stands around a page: alone in a file, or served with links to its neighbours.

    ``records`` is the address before a record's id ("" makes no links); ``nav`` holds (address, words); ``caller`` is
    the name of who has signed in.
    """

    records: str = ""
    nav: tuple[tuple[str, str], ...] = ()
    here: str = ""
    caller: str = ""

    @property
    def alone(self) -> bool:
        """Whether the page must carry its own style sheet."""
        return not self.nav


ALONE = Frame()


@functools.cache
def stylesheet() -> str:
    """The one style sheet."""
    return resources.files("strop.web").joinpath("static", "strop.css").read_text("utf-8")


@functools.cache
def standalone_policy() -> str:
    """The content security policy of a page in a file: our style sheet by its hash, and nothing else at all."""
    digest = base64.b64encode(hashlib.sha256(stylesheet().encode("utf-8")).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("strop.web", "templates"),
        autoescape=True,
        finalize=_readable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=words.number, interval=words.interval, measured=words.measured, words=display_name, size=words.size,
        duration=words.duration, moment=words.moment, plural=words.plural, typeset=words.typeset,
        breakable=breakable,
    )  # fmt: skip
    return environment


def _readable(value: object) -> object:
    """What is written into a page, without signs that turn the order of what is read, or command a terminal."""
    return type(value)(shown(value)) if isinstance(value, str) else value


def breakable(text: str) -> Markup:
    """A key that may be broken behind its dots and underscores, before it is broken inside a word."""
    return Markup(re.sub(r"([._/])(?=\w)", r"\1<wbr>", str(escape(text))))  # noqa: S704 - escaped before


def render(template: str, *, frame: Frame = ALONE, **values: object) -> str:
    """One page of HTML."""
    page = _environment().get_template(template)
    return page.render(
        frame=frame,
        css=Markup(stylesheet()) if frame.alone else None,  # noqa: S704 - our own file
        policy=standalone_policy() if frame.alone else None,
        **values,
    )

"""Charts to inline SVG: rendered offline, kept to an allow-list of drawing elements, named for screen readers."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import altair as alt
import vl_convert
from markupsafe import Markup

WIDTH = 360
"""Pixels that a chart is drawn for; the page scales it to its column."""

_FIT = alt.AutoSizeParams(type="fit-x", contains="padding")
"""Axes and names count into WIDTH, so that letters have one size in all pictures of a page."""
_SPACE = "http://www.w3.org/2000/svg"
_ELEMENTS = frozenset({"svg", "g", "path", "line", "rect", "circle", "text", "tspan", "title", "desc"})
_ATTRIBUTES = frozenset(
    {
        "viewBox", "width", "height", "d", "x", "y", "x1", "y1", "x2", "y2", "dx", "dy", "r", "cx", "cy", "transform",
        "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap",
        "stroke-linejoin", "stroke-miterlimit", "opacity", "text-anchor", "font-size", "font-weight", "font-style",
        "display",
    }
)  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffe\uffff]+")

ElementTree.register_namespace("", _SPACE)


def label(text: str, *, most: int = 44) -> str:
    """User text as one line that a chart can hold."""
    line = _CONTROL.sub(" ", text).strip() or "(empty)"
    return line if len(line) <= most else line[: most - 1] + "…"


def render(chart: alt.LayerChart | alt.Chart, *, title: str, description: str) -> Markup:
    """The chart as an SVG element with a title and a description, and nothing in it that could act."""
    styled = (
        chart.configure(background="transparent", font="sans-serif", padding=2, aria=False, autosize=_FIT)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor="var(--soft)", titleColor="var(--soft)", gridColor="var(--line)", domainColor="var(--line)",
            tickColor="var(--line)", labelFontSize=12, titleFontSize=12, titleFontWeight="normal", titlePadding=8,
            labelLimit=140, labelFlush=False,
        )
    )  # fmt: skip
    drawn = vl_convert.vegalite_to_svg(styled.to_dict(), vl_version="6.4", allowed_base_urls=[])
    root = ElementTree.fromstring(drawn)  # noqa: S314 - our own renderer wrote it
    _keep_drawing(root)
    _name(root, title, description)
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 - only allowed elements are left


def height(svg: Markup) -> float:
    """How high a rendered chart is, in the pixels that it was drawn for."""
    return float(str(ElementTree.fromstring(svg).get("viewBox")).split()[3])  # noqa: S314 - drawn by render


def _keep_drawing(element: ElementTree.Element) -> None:
    for name in list(element.attrib):
        if name not in _ATTRIBUTES or "url(" in element.attrib[name].lower():
            del element.attrib[name]
    for child in list(element):
        space, _, name = str(child.tag).rpartition("}")
        if space != "{" + _SPACE or name not in _ELEMENTS or child.get("display") == "none":
            element.remove(child)
        else:
            _keep_drawing(child)


def _name(root: ElementTree.Element, title: str, description: str) -> None:
    root.set("role", "img")
    root.set("aria-label", f"{title}. {description}")
    for tag, text in (("desc", description), ("title", title)):
        element = ElementTree.Element(f"{{{_SPACE}}}{tag}")
        element.text = text
        root.insert(0, element)

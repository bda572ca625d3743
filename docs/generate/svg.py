"""Lines, boxes and text as SVG, in the colours of the page."""

from __future__ import annotations

from html import escape

__all__ = ["arrow", "box", "picture", "words"]

# A style element applies to the whole page, so each rule selects these pictures.
_STYLE = (
    ".drawing text{font:12px sans-serif;fill:currentColor}"
    ".drawing text.small{font-size:10.5px}"
    ".drawing rect,.drawing path{fill:none;stroke:currentColor}"
    ".drawing rect{fill:currentColor;fill-opacity:.07;stroke-opacity:.6}"
    ".drawing .quiet{stroke-dasharray:4 3}"
    ".drawing .faint{stroke-opacity:.35}"
    ".drawing path.head{fill:currentColor;stroke:none}"
    ".drawing text.edge{paint-order:stroke;stroke:var(--color-background-primary,#fff);"
    "stroke-width:4px}"
)


def picture(width: float, height: float, parts: list[str], about: str) -> str:
    """Return an SVG document of several parts.

    Args:
        width: in px.
        height: in px.
        parts: what is in it, the first at the back.
        about: what it shows, for those who cannot see it.
    """
    head = (
        '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto-start-reverse"><path class="head" d="M0 0 8 4 0 8z"/></marker>'
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="drawing" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        'style="max-width:100%;height:auto" role="img" '
        f'aria-label="{escape(about)}"><style>{_STYLE}</style><defs>{head}</defs>'
        f"{''.join(parts)}</svg>"
    )


def box(x: float, y: float, width: float, height: float, name: str) -> str:
    """Draw a labelled box around a point."""
    return (
        f'<rect x="{x - width / 2:g}" y="{y - height / 2:g}" width="{width:g}" '
        f'height="{height:g}" rx="6"/>{words(x, y + 4, name)}'
    )


def words(x: float, y: float, text: str, *, anchor: str = "middle", kind: str = "") -> str:
    """Draw text at a point."""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'


def arrow(path: str, kind: str = "") -> str:
    """Draw an arrow along an SVG path."""
    return f'<path d="{path}" class="{kind}" marker-end="url(#head)"/>'

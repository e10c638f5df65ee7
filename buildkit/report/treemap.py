"""A picture of what weighs what: rectangles in rectangles, each as large as its share (SVG 1.1, nothing but text).

The rectangles of one level are laid in rows along the shorter side, each row as long as its rectangles come nearest to
squares (Bruls, Huizing and van Wijk, "Squarified Treemaps", 2000).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

_WIDTH, _HEIGHT = 1200.0, 700.0
_HEAD = 34.0
_COLOURS = (
    "#4e79a7",
    "#f28e2b",
    "#59a14f",
    "#b07aa1",
    "#e15759",
    "#76b7b2",
    "#edc948",
    "#9c755f",
    "#bab0ac",
    "#d37295",
)
_FONT = 'font-family="sans-serif" font-size="11"'
_LETTER, _LINE = 6.6, 12.0
"""Width and height of a letter of the labels, about."""

_LEAST = 3.0
"""Sides below which a rectangle is not drawn: nobody could see it."""

Words = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """Its area."""
        return self.width * self.height


def treemap(title: str, weights: Mapping[str, Mapping[str, int]], words: Words) -> str:
    """Return the picture.

    Args:
        title: what stands above it.
        weights: bytes by owner and kind; each kind has one colour.
        words: says a number of bytes.
    """
    sums = {owner: sum(kinds.values()) for owner, kinds in weights.items()}
    total = sum(sums.values())
    kinds = sorted({kind for each in weights.values() for kind in each}, key=lambda kind: -_of_kind(weights, kind))
    colours = {kind: _COLOURS[number % len(_COLOURS)] for number, kind in enumerate(kinds)}
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {_HEIGHT + _HEAD:g}" {_FONT}>',
        f"<title>{escape(title)}</title>",
        f'<text x="4" y="13" font-size="13" font-weight="bold">{escape(f"{title}: {words(total)}")}</text>',
        *_legend(weights, colours, words),
    ]
    for owner, box in laid(sums, Box(0, _HEAD, _WIDTH, _HEIGHT)).items():
        if min(box.width, box.height) < _LEAST:
            continue
        for kind, inner in laid(weights[owner], box).items():
            told = f"{owner}: {kind}, {words(weights[owner][kind])} of {words(sums[owner])}"
            out.append(f"{_rectangle(inner, colours[kind], 'white', 0.5)[:-2]}><title>{escape(told)}</title></rect>")
        out.append(_rectangle(box, "none", "#222", 1.2))
        out += _label(box, owner, words(sums[owner]))
    return "\n".join((*out, "</svg>", ""))


def laid(weights: Mapping[str, int], box: Box) -> dict[str, Box]:
    """Return a rectangle for each weight above 0, which together fill a rectangle."""
    left = sorted(((name, weight) for name, weight in weights.items() if weight > 0), key=lambda row: (-row[1], row[0]))
    found: dict[str, Box] = {}
    while left and box.area > 0:
        scale = box.area / sum(weight for _, weight in left)
        side = min(box.width, box.height)
        count = 1
        while count < len(left) and _worst(left[: count + 1], scale, side) <= _worst(left[:count], scale, side):
            count += 1
        row, left = left[:count], left[count:]
        thick = sum(weight for _, weight in row) * scale / side
        place = 0.0
        upright = box.width >= box.height
        for name, weight in row:
            length = weight * scale / thick
            found[name] = (
                Box(box.x, box.y + place, thick, length) if upright else Box(box.x + place, box.y, length, thick)
            )
            place += length
        box = (
            Box(box.x + thick, box.y, max(0.0, box.width - thick), box.height)
            if upright
            else Box(box.x, box.y + thick, box.width, max(0.0, box.height - thick))
        )
    return found


def _worst(row: Sequence[tuple[str, int]], scale: float, side: float) -> float:
    """Return how far from a square is that rectangle of a row which is farthest."""
    areas = [weight * scale for _, weight in row]
    total = sum(areas)
    return max(side**2 * max(areas) / total**2, total**2 / (side**2 * min(areas)))


def _of_kind(weights: Mapping[str, Mapping[str, int]], kind: str) -> int:
    return sum(each.get(kind, 0) for each in weights.values())


def _legend(weights: Mapping[str, Mapping[str, int]], colours: Mapping[str, str], words: Words) -> list[str]:
    out, x = [], 4.0
    for kind, colour in colours.items():
        said = f"{kind} {words(_of_kind(weights, kind))}"
        out.append(_rectangle(Box(x, 19, 10, 10), colour, "none", 0))
        out.append(f'<text x="{x + 14:.1f}" y="28">{escape(said)}</text>')
        x += 14 + _LETTER * len(said) + 12
    return out


def _rectangle(box: Box, fill: str, line: str, thick: float) -> str:
    place = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
    return f"<rect {place} fill={quoteattr(fill)} stroke={quoteattr(line)} stroke-width={quoteattr(f'{thick:g}')}/>"


def _label(box: Box, name: str, size: str) -> list[str]:
    """Return name and size, where there is room for them."""
    room = int((box.width - 8) / _LETTER)
    if room < 4 or box.height < _LINE + 6:  # noqa: PLR2004 - a word of three letters and a dot says nothing
        return []
    said = [name if len(name) <= room else f"{name[: room - 1]}…"]
    if box.height >= 2 * _LINE + 6 and len(size) <= room:
        said.append(size)
    style = 'fill="white" stroke="#222" stroke-width="2.5" paint-order="stroke"'
    return [
        f'<text x="{box.x + 4:.1f}" y="{box.y + _LINE * (number + 1) + 1:.1f}" {style}>{escape(line)}</text>'
        for number, line in enumerate(said)
    ]

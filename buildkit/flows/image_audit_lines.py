"""What `invoke image.audit` prints: for each image its layers, whose its bytes are, what grew, and the findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildkit.core.sizes import in_words
from buildkit.core.untrusted import shown
from buildkit.flows.image import NO_IMAGE
from buildkit.image.ledger.kinds import KINDS
from buildkit.model import Report
from buildkit.report.console import table

_MOST_OWNERS = 15
_MOST_LINES = 10

_STEP = 60
"""Characters of an instruction that stand in the table."""


def lines(report: Report) -> list[str]:
    """Return what is printed: for each image its layers, whose the bytes are, what has grown, and the findings."""
    images: Any = report.facts["images"]
    if not images:
        return [NO_IMAGE]
    out: list[str] = []
    for name, about in images.items():
        out += [*([""] if out else []), *_page(name, about)]
        found = [row for row in report.outcomes if row.subject.startswith(f"{name}: ")]
        said = [f"{row.result}: {shown(row.subject.removeprefix(f'{name}: '))}: {row.reason}" for row in found]
        out += ["", *(said or ["everything that is compiled loads; no secret and no build tool was found"])]
    return out


def _page(name: str, about: Mapping[str, Any]) -> list[str]:
    layers = [
        [
            str(each["layer"]),
            in_words(each["bytes"]),
            shown(each["step"].replace("# buildkit", "").strip())[:_STEP] or "(base)",
        ]
        for each in about["layers"]
    ]
    copies = sum(each["lost"] for each in about["copies"])
    return [
        f"image {name} ({about['image']}): {in_words(about['bytes'])} unpacked in {len(layers)} layers",
        f"  symbols that strip would take away  {in_words(about['symbols'])}",
        f"  hidden by later layers              {in_words(about['hidden'])}",
        f"  stored more than once               {in_words(copies)}",
        *(_slimmed(each) for each in about["slimmed"]),
        "",
        *table([["layer", "bytes", "instruction"], *layers]),
        "",
        *_owners(about["rows"]),
        *_grown(about),
    ]


def _slimmed(about: Mapping[str, Any]) -> str:
    spared = f", but of {shown(', '.join(about['spared']))}, which needs it" if about["spared"] else ""
    rule = f"slimmed: {shown(about['rule'])}"
    return f"  {rule:<34}  {in_words(about['bytes'])}{spared}"


def _owners(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    weights: dict[str, dict[str, int]] = {}
    for row in rows:
        label = f"{row['owner']} {row['version']}".strip()
        kinds = weights.setdefault(label, {})
        kinds[row["kind"]] = kinds.get(row["kind"], 0) + row["bytes"]
    ranked = sorted(weights.items(), key=lambda each: (-sum(each[1].values()), each[0]))
    shown_kinds = [kind for kind in KINDS if any(kinds.get(kind) for _, kinds in ranked[:_MOST_OWNERS])]
    lines = [
        [shown(label), in_words(sum(kinds.values())), *(_cell(kinds.get(kind, 0)) for kind in shown_kinds)]
        for label, kinds in ranked[:_MOST_OWNERS]
    ]
    rest = ranked[_MOST_OWNERS:]
    more = f"and {len(rest)} more with {in_words(sum(sum(kinds.values()) for _, kinds in rest))}: --json has them all"
    return [*table([["whose", "bytes", *shown_kinds], *lines]), *([more] if rest else [])]


def _cell(size: int) -> str:
    return in_words(size) if size else ""


def _grown(about: Mapping[str, Any]) -> list[str]:
    if not about["since"]:
        return []
    change = about["bytes"] - about["bytes_before"]
    head = f"since {about['since']}: {_signed(change)}"
    rows = about["grown"][:_MOST_LINES]
    return ["", head, *(f"  {_signed(row['after'] - row['before']):>9}  {row['owner']} ({row['why']})" for row in rows)]


def _signed(change: int) -> str:
    return f"{'-' if change < 0 else '+'}{in_words(abs(change))}" if change else "nothing changed"

"""What `invoke image.variants` prints: one table for each image, and below it why and what to think of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildkit.core.sizes import in_words
from buildkit.core.untrusted import shown
from buildkit.flows.image import NO_IMAGE
from buildkit.model import Report
from buildkit.report.console import table

_HEADING = ["variant", "by", "base", "libc", "verdict", "bytes", "sent", "import", "ready", "seconds"]


def lines(report: Report) -> list[str]:
    """Return what is printed."""
    images: Any = report.facts["images"]
    if not images:
        return [NO_IMAGE]
    out: list[str] = []
    for name, rows in images.items():
        out += [*([""] if out else []), f"image {name}", *_page(rows)]
    return out


def _page(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    risks = {row["variant"]: row["risk"] for row in rows}
    supposed = sorted({str(row["variant"]) for row in rows if not row["sure"]})
    made = [str(row["image"]) for row in rows if row["size"] is not None]
    several = ["  seconds: each build also finds what those before it left in the caches"] if len(made) > 1 else []
    return [
        *(f"  {line}" for line in table([_HEADING, *map(_cells, rows)])),
        "",
        *(f"  {row['variant']} by {row['route']}: {shown(row['why'], 400)}" for row in rows),
        "",
        *(f"  risk of {variant}: {words}" for variant, words in risks.items()),
        *(
            [f"  {', '.join(supposed)}: the base is not here, so Python and libc are what such a base has as a rule"]
            if supposed
            else []
        ),
        *several,
        *([f"  the images stay: {', '.join(dict.fromkeys(made))}"] if made else []),
    ]


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        row["variant"],
        row["route"],
        shown(row["base"], 60),
        row["libc"],
        row["verdict"],
        _bytes(row["size"]),
        _bytes(row["sent"]),
        _bytes(row["imported"]),
        _bytes(row["ready"]),
        f"{row['seconds']:.1f}" if row["size"] is not None else "-",
    ]


def _bytes(size: int | None) -> str:
    return "-" if size is None else in_words(size)

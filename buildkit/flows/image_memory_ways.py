"""What `invoke image.memory --tries` adds: which packages hold the memory, and each way to take less, measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildkit.core.sizes import in_words
from buildkit.core.untrusted import shown
from buildkit.errors import ConfigurationError
from buildkit.image.memory import Measured, MemoryRequest, tried
from buildkit.image.memory_holders import holders
from buildkit.image.memory_proposals import proposals
from buildkit.report.console import Console, table

_MOST_LATE = 3
"""Packages of which it is tried what comes of loading them late."""

_WORTH = 1_000_000
"""Bytes that a package must hold for that."""


def switches_of(given: Sequence[str]) -> dict[str, str]:
    """Return the variables that switch features off.

    Raises:
        ConfigurationError: one has no value.
    """
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise ConfigurationError(f"--off {text}: it is no variable with a value", hint="--off SCHEDULER=0")
        found[name] = value
    return found


def ways(
    asked: MemoryRequest,
    found: Measured,
    switches: Mapping[str, str],
    console: Console,
    environment: Mapping[str, str],
) -> dict[str, object]:
    """Return what holds the memory, and what each way to take less comes to, the best first.

    Args:
        asked: what was measured.
        found: what came of it.
        switches: variables by which features are switched off.
        console: says what is tried.
        environment: the variables of the docker client.
    """
    console.say(f"asking which packages hold it in {asked.image}")
    held = holders(asked, environment)
    if held.why_not:
        console.warn(f"which packages hold the memory cannot be told: {held.why_not}")
    late = [each.package for each in held.packages if each.freed >= _WORTH][:_MOST_LATE]
    rows: list[dict[str, object]] = []
    for each in proposals(asked.words, asked.variables, late, switches):
        console.say(f"measuring {each.name}")
        now = tried(asked, each, environment)
        rows.append(
            {
                "try": each.name,
                "ready": now.ready or None,
                "loaded": now.loaded,
                "held": now.held or None,
                "saves": found.held - now.held if not now.why_not else None,
                "advice": each.advice,
                "why-not": now.why_not,
            }
        )
    rows.sort(key=lambda row: -int(str(row["saves"] or 0)))
    packages = [each._asdict() for each in held.packages]
    return {"holders": packages, "holders-why-not": held.why_not, "tries": rows}


def lines_of_ways(about: Mapping[str, Any]) -> list[str]:
    """Return what is printed of them; nothing where they were not asked for."""
    if "tries" not in about:
        return []
    held = [[each["package"], in_words(each["alone"]), in_words(each["freed"])] for each in about["holders"]]
    rows = [
        [
            shown(row["try"], 60),
            in_words(row["held"]) if row["held"] else "-",
            _saves(row),
            shown(row["advice"], 200) if not row["why-not"] else f"does not run so: {shown(row['why-not'], 100)}",
        ]
        for row in about["tries"]
    ]
    return [
        *(["", *table([["package", "alone", "freed without it"], *held])] if held else []),
        "",
        *(table([["try", "holds", "saves", "how"], *rows]) if rows else ["  nothing to try"]),
    ]


def _saves(row: Mapping[str, Any]) -> str:
    saves = row["saves"]
    return "-" if saves is None else in_words(saves) if saves > 0 else "nothing"

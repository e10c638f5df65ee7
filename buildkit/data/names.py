"""Names in the data's folder."""

from __future__ import annotations

MANIFEST = "manifest.json"
"""The file of a generation that lists its stages and files."""

PARTIAL = ".partial"
"""The ending of a generation's name until it is complete."""

READ = "read"
"""The file that holds the time when all of the data was last read completely."""

SWITCH = ".current."
"""The beginning of the name of a link that is to replace `current`."""

ASIDE = "current.aside"
"""The beginning of the name under which whatever stood in the place of the link is kept."""

_OWN = frozenset({"generations", "current", "leases", "lease.lock", "read.lock", "inputs.json", READ, "pull"})


def owns(name: str) -> bool:
    """Return whether a name in the data's folder is the suite's own; anything else may be an input."""
    return name in _OWN or name.startswith((SWITCH, ASIDE)) or (name.startswith(".") and name.endswith(".tmp"))

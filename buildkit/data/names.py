"""Names in the data's folder."""

from __future__ import annotations

MANIFEST = "manifest.json"
"""The file of a generation that says what it is."""

PARTIAL = ".partial"
"""How the name of a generation ends that is not whole yet."""

READ = "read"
"""The file that says when all of the data was last read to its end."""

SWITCH = ".current."
"""How the name begins of a link that is to take the place of `current`."""

ASIDE = "current.aside"
"""How the name begins under which what stood in the place of the link is kept."""

_OWN = frozenset({"generations", "current", "leases", "lease.lock", "read.lock", "inputs.json", READ, "pull"})


def owns(name: str) -> bool:
    """Return whether a name in the data's folder is the suite's own; anything else may be an input."""
    return name in _OWN or name.startswith((SWITCH, ASIDE)) or (name.startswith(".") and name.endswith(".tmp"))

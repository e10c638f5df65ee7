"""Numbers of bytes as people read them."""

from __future__ import annotations

_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000


def in_words(size: float) -> str:
    """Return a number of bytes as people read it: `167 MB`."""
    amount, unit = float(size), 0
    while amount >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    return f"{amount:.3g} {_UNITS[unit]}" if unit else f"{size:.0f} B"

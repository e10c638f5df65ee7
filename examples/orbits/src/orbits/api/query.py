"""Numbers in the query of a request, or a 400 that names the parameter."""

from math import isfinite

from starlette.exceptions import HTTPException
from starlette.requests import Request

from orbits.api.errors import BAD_REQUEST


def number_of(request: Request, name: str, default: float) -> float:
    """Return a finite number of the query."""
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise HTTPException(BAD_REQUEST, f"{name}: expected a number, not {text!r}")
    return value


def whole_number_of(request: Request, name: str, default: int, *, least: int, greatest: int) -> int:
    """Return a whole number of the query between two limits."""
    text = request.query_params.get(name)
    if text is None:
        return default
    value = int(text) if text.isascii() and text.isdigit() else least - 1
    if not least <= value <= greatest:
        raise HTTPException(
            BAD_REQUEST,
            f"{name}: expected a whole number from {least} to {greatest}, not {text!r}",
        )
    return value

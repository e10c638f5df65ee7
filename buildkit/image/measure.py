"""Asks the engine for an image's id, size and number of layers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from buildkit.core import untrusted
from buildkit.core.sizes import in_words
from buildkit.core.untrusted import Odd
from buildkit.doors import process
from buildkit.errors import BudgetError
from buildkit.model import Digest

_ALGORITHM = "sha256:"


@dataclass(frozen=True, slots=True)
class Image:
    """An image as the engine keeps it.

    Args:
        identity: its id, the digest of its configuration.
        size: bytes of all layers, unpacked.
        layers: the number of layers.
    """

    identity: str
    size: int
    layers: int


def recorded_image(_: object, name: object, identity: object) -> tuple[str, Digest]:
    """Return the name and id of a recorded image after checking the id's form.

    Raises:
        Odd: the id is not an image id.
    """
    found = untrusted.text(identity)
    if not found.startswith(_ALGORITHM):
        raise Odd(f"{untrusted.shown(repr(found))} is no image's id")
    untrusted.digest(found.removeprefix(_ALGORITHM))
    return untrusted.text(name), Digest(found)


def inspect(
    names: Sequence[str], environment: Mapping[str, str] | None = None, run: process.Runner = process.run
) -> dict[str, Image]:
    """Return the images that the engine has under `names`; none if no engine answers.

    Args:
        names: full names or ids.
        environment: the variables of the docker client; this process's own if None.
        run: the function that runs the docker client.
    """
    try:
        answer = run(["docker", "image", "inspect", *names], environment=environment, timeout=20.0)
        found = json.loads(answer.stdout or "[]")
    except (FileNotFoundError, TimeoutError, ValueError):
        return {}
    images: dict[str, Image] = {}
    for about in found:
        image = Image(about["Id"], about["Size"], len(about["RootFS"].get("Layers") or ()))
        images.update(dict.fromkeys((about["Id"], *(about["RepoTags"] or ())), image))
    return {name: images[name] for name in names if name in images}


def require_within(what: str, size: int, budget: int, largest: Sequence[tuple[str, int]] = (), hint: str = "") -> None:
    """Raise if `size` exceeds `budget` bytes; a budget of 0 is none.

    Raises:
        BudgetError: it does; gives both sizes, and the largest parts with theirs.
    """
    if not budget or size <= budget:
        return
    raise BudgetError(
        f"{what} has {in_words(size)}, the budget is {in_words(budget)}",
        details=[f"{in_words(part):>9}  {name}" for name, part in largest],
        hint=hint,
    )

"""What should not be in an image: secrets, in any layer and in the history, and tools that only a build needs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from buildkit.image import leaks
from buildkit.image.ledger.layer_files import LayerFiles
from buildkit.image.ledger.tree import Tree
from buildkit.image.saved import Saved

_TOOLS = re.compile(
    r"^(usr/)?(local/)?bin/(gcc|g\+\+|cc|c\+\+|clang|make|cmake|ninja|cargo|rustc|git|uv|poetry|pdm)(-\d+)?$"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not be there.

    Args:
        what: `secret` or `build tool`.
        where: the path or the instruction.
        words: why it counts, and in which layer it is.
    """

    what: str
    where: str
    words: str


def secrets(saved: Saved[LayerFiles], tree: Tree) -> Iterator[Finding]:
    """Yield the secrets of the layers, the variables and the history: their values are never shown."""
    for file in tree.files:
        if file.secret:
            hidden = f", and only hidden by layer {file.hidden_by}: it can be read there" if file.hidden_by else ""
            yield Finding("secret", file.path, f"in layer {file.layer}{hidden}")
    for leak in leaks.of_configuration(saved.about, saved.history):
        by = leaks.masked(leak.by)
        yield Finding("secret", leak.place, f"by {by}" if by else "everybody who has the image can read it")


def build_tools(tree: Tree) -> Iterator[Finding]:
    """Yield the tools that a service does not need when it runs."""
    for path, file in sorted(tree.seen.items()):
        if _TOOLS.match(path):
            yield Finding("build tool", path, f"in layer {file.layer}")
    for path in sorted(tree.links):
        if _TOOLS.match(path):
            yield Finding("build tool", path, f"a link to {posixpath.basename(tree.links[path])}")

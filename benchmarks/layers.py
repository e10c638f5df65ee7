"""A large made-up graph of `.pyx` and `.pxd`: layers of parts, each of which cimports two of the layer below.

A part's value is a sum over the parts that it rests on, computed by inline functions of their `.pxd`. So an edit of one
`.pxd` changes the value, and the C, of exactly the parts above it, and a part that was not rebuilt tells on itself. The
cimports take turns in five forms, since tools that look for dependencies with a pattern do not see all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from corpora import Corpus

_HEAD = "layers"
_FORMS = (
    "from layers.{0} cimport {0}_value\nfrom layers.{1} cimport {1}_value",
    "from .{0} cimport {0}_value\nfrom .{1} cimport {1}_value",
    "from . cimport {0}, {1}",
    "from layers cimport {0}\nfrom layers cimport {1}",
    "cimport layers.{0} as {0}, layers.{1} as {1}",
)


@dataclass(frozen=True)
class Graph:
    """The graph.

    Args:
        layers: how many there are.
        width: parts in each.
    """

    layers: int
    width: int

    @property
    def parts(self) -> list[str]:
        return [_name(layer, at) for layer in range(self.layers) for at in range(self.width)]

    @property
    def middle(self) -> str:
        """The part whose `.pxd` is edited."""
        return _name(self.layers // 3, self.width // 2)

    def below(self, part: str) -> list[str]:
        """Return the two parts that a part cimports; none in the lowest layer."""
        layer, at = (int(number) for number in part[1:].split("_"))
        return [_name(layer - 1, at), _name(layer - 1, (at + 7) % self.width)] if layer else []

    def above(self, part: str) -> set[str]:
        """Return a part and all that rest on it."""
        found = {part}
        for other in self.parts:  # a layer comes after those below it
            if found & set(self.below(other)):
                found.add(other)
        return found

    def values(self, edited: int = 0) -> dict[str, int]:
        """Return the value of each part by its module, where `edited` was added to the middle one."""
        found: dict[str, int] = {}
        for part in self.parts:
            own = 1 + (edited if part == self.middle else 0)
            found[part] = own + sum(found[other] for other in self.below(part))
        return {f"{_HEAD}.{part}": value for part, value in found.items()}

    def write(self, root: Path) -> Corpus:
        """Write the sources and return them."""
        folder = root / _HEAD
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        for at, part in enumerate(self.parts):
            (folder / f"{part}.pyx").write_text(f"def value():\n    return {part}_value()\n")
            (folder / f"{part}.pxd").write_text(self._declaration(part, _FORMS[at % len(_FORMS)]))
        return Corpus(_HEAD, root, ("*.py",))

    def edit(self, root: Path, number: int) -> None:
        """Add `number` to the middle part's own value."""
        file = root / _HEAD / f"{self.middle}.pxd"
        text = file.read_text()
        file.write_text(text.replace("return 1 ", f"return {1 + number} ", 1))

    def _declaration(self, part: str, form: str) -> str:
        below = self.below(part)
        cimports = form.format(*below) + "\n\n" if below else ""
        named = form.endswith("_value")
        calls = "".join(f" + {other}_value()" if named else f" + {other}.{other}_value()" for other in below)
        return f"{cimports}cdef inline long {part}_value() noexcept:\n    return 1 {calls}\n"


def _name(layer: int, at: int) -> str:
    return f"p{layer}_{at}"

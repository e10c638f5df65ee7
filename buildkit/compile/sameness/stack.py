"""A function that runs as C has a frame on the stack of its thread, as each function has: others see who called them.

C has none, so `inspect.stack()`, `sys._getframe(2)`, `warnings.warn(…, stacklevel=3)`, `logging`, `faulthandler` and
profilers passed by it. Each call that could be seen puts a frame of the interpreter's own kind where the interpreter
has its frames, with the code of the function, and takes it away at the end (`stack.h`, `stack.c`). From Python 3.11
on an object is made of it only where somebody asks, and then lives on as that of a function which has returned. A
function of which nothing can fail calls nobody, and needs none.

The frame knows in which line the function is: the C says so wherever it comes to another one. It has no values, since
those are in C.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

from Cython.Compiler.Code import CCodeWriter

from buildkit.compile.sameness.tree import kind, within


@dataclass(slots=True)
class Lines:
    """The lines to which the compiled functions of a module come, in the order of its C.

    Args:
        numbers: of the lines, those of one function after another.
        functions: of each function, by its number, where its own begin, how many they are, and whether it can be seen.
    """

    numbers: list[int] = field(default_factory=list)
    functions: dict[int, tuple[int, int, bool]] = field(default_factory=dict)

    def __deepcopy__(self, memo: object) -> Lines:
        return self  # Cython copies what stands in `finally`

    def is_seen(self, function: int) -> bool:
        """Return whether a function can call anybody."""
        return self.functions[function][2]


def with_lines(body: Any, lines: Lines, code: Any, write: Any, *, frame: str = "buildkit_here") -> None:
    """Write the C of a function's body, which says to which line it comes.

    Args:
        body: Cython's tree of it, as it is written.
        lines: those of the module, to which these are added.
        code: where the C is written to.
        write: called with a writer, writes it.
        frame: what the C calls the frame.
    """
    first = len(lines.numbers)
    for each in [*within(body)]:
        _keep_up(each)
    write(Teller(code, lines, frame))
    lines.functions[number(code)] = (first, len(lines.numbers) - first, code.label_used(code.error_label))


def number(code: Any) -> int:
    """Return the number of the function whose C is written: it stands at the end of its name."""
    return int(code.funcstate.scope.name.rpartition("_")[2])


class Teller(CCodeWriter):
    """Writes C that says to which line it comes.

    Args:
        code: where it is written to.
        lines: those of the module, to which it adds.
        frame: what the C calls the frame.
    """

    def __init__(self, code: Any, lines: Lines, frame: str) -> None:
        super().__init__(code, code.buffer, copy_formatting=True)
        self.frame = frame
        self.told = 0
        self.numbers = lines.numbers
        self.places: dict[int, int] = {}

    def mark_pos(self, pos: Any, trace: bool = True) -> None:
        """Come to a place: Cython calls it for each statement, and when all parts of an expression are known."""
        if pos is None or not trace or pos[1] == self.told:
            return
        self.told = pos[1]
        place = self.places.get(pos[1])
        if place is None:
            place = self.places[pos[1]] = len(self.numbers)
            self.numbers.append(pos[1])
        self.putln(f"buildkit_at({self.frame}, {place}, {pos[1]});")

    def put_label(self, label: Any) -> None:
        """Write a label: who knows from which line control comes there."""
        self.told = 0
        super().put_label(label)


def _keep_up(node: Any) -> None:
    """Let a node say where it is once more where Cython would not: in the next round, or after its parts."""
    if kind(node) == "ForInStatNode":
        _change(node.item, _Anew, node.pos)
    elif kind(node) == "PyMethodCallNode" and any(each.pos[1] != node.pos[1] for each in within(node)):
        named = [*(node.kwvalues or ()), *([node.kwdict] if node.kwdict else ())]
        _change([node.function, *node.arg_tuple.args, *named][-1], _Afterwards, node.pos)


def _change(node: Any, into: type, pos: Any) -> None:
    """Make a node one that is told of a place too; a class, since Cython copies what stands in `finally`."""
    node.__class__ = _made_of(into, type(node))  # type: ignore[arg-type]
    node.place = pos


@functools.cache
def _made_of(ours: type, cythons: type) -> type:
    return type(cythons.__name__, (ours, cythons), {})


class _Anew:
    """What is evaluated in each round of a loop, at the end of which control is somewhere else."""

    place: Any

    def generate_evaluation_code(self, code: Any) -> None:
        if isinstance(code, Teller):
            code.told = 0
            code.mark_pos(self.place)
        super().generate_evaluation_code(code)  # type: ignore[misc]


class _Afterwards:
    """What is evaluated last before a call that stands in another line."""

    place: Any

    def generate_evaluation_code(self, code: Any) -> None:
        super().generate_evaluation_code(code)  # type: ignore[misc]
        code.mark_pos(self.place)

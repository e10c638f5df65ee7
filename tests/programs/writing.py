"""Writes programs by the grammar, the same for the same number.

In a template, `<i>` stands for an expression of the kind `i`, and so on:

    k small number · i number · f float · s text · y bytes · b condition · l list · u tuple · d dict · S set
    o a value that notes what is done with it · q what can be iterated · x any · E an error's class
    e an expression that is drawn from all tables · g a global · c a base class

And for names: `<n>` a local one to bind, `<nl>` one for a list; `<N>` one of a function around; `<G>` and `<H>` globals,
`<F>` a function, `<C>` a class, `<v1>` a new name, the same within the template. For blocks: `<B>` statements, `<L>` those
of a loop, `<D>` those of a function, `<Y>` of a generator; `<P>` what gives
names their first values.
"""

from __future__ import annotations

import ast
import random
import re
import textwrap
import warnings

from programs.blocks import BLOCKS
from programs.containers import CONTAINERS
from programs.definitions import DEFINITIONS
from programs.expressions import LITERALS, SCALARS
from programs.leaving import IN_GENERATORS, IN_LOOPS
from programs.statements import SIMPLE

HOLE = re.compile(r"<([A-Za-z]|n[isldox]|v\d)>")
KINDS = "ifsybluodSx"
NAMED = re.compile(r"(\.\w+\([^()]*?)<([isldoxqfy])>(?=[,)])")


def _in_turn(template: str) -> str:
    """Return a template whose arguments of methods note their turn.

    Of a name without a value and a method that is not there, the other one may be told.
    """
    changed = NAMED.sub(r"\1t('', <\2>)", template)
    return changed if changed == template else _in_turn(changed)


EVERY = {
    kind: [_in_turn(line.strip()) for line in table.strip().splitlines()]
    for kind, table in (SCALARS | CONTAINERS | {"E": ""}).items()
}
WRONG = 0.04
"""How often something stands where it does not belong."""


def _templates(table: str) -> list[str]:
    return [_in_turn(each) for each in table.strip().split("\n\n")]


PLAIN, LOOPS, GENERATORS = map(_templates, (f"{SIMPLE}\n{BLOCKS}", IN_LOOPS, IN_GENERATORS))


class Scope:
    """A function that is written."""

    def __init__(self, around: Scope | None = None, *, yields: bool = False) -> None:
        self.around = around
        self.yields = yields
        self.loops = 0
        self.known: list[str] = []  # names that have been bound in the text so far
        self.temporary: list[str] = []  # those of the lambdas and comprehensions around
        self.declared: set[str] = set()


class Writer:
    """Writes one program.

    Args:
        seed: of all that is drawn.
        number: of the program, a part of each global name.
    """

    def __init__(self, seed: str, number: int) -> None:
        self.random = random.Random(seed)
        self.number = number
        self.count = 0
        self.size = 0
        self.scope = Scope()
        self.bound_now: list[tuple[Scope, str]] = []

    def program(self) -> str:
        """Return the text of a program: functions, and `main_N` that calls them."""
        parts, calls = [f"G{self.number} = 1\nlist_{self.number} = [1, 2, 3]\n"], []
        for at in range(self.random.choice((1, 1, 2, 3))):
            name, self.size = f"f{at}_{self.number}", 0
            template = self.random.choice(DEFINITIONS)
            first, _, text = template.replace("NAME", name).partition("\n")
            self.scope = Scope(yields=first.startswith("#yields"))
            self.scope.known += first.split()[1:]
            head, _, tail = text.partition("\n---\n")
            parts.append(f"begin()\ntry:\n{textwrap.indent(self.filled(head), '    ')}\nexcept BaseException: pass")
            self.scope = Scope()
            calls += self.filled(tail).splitlines()
        main = textwrap.indent("\n".join(calls), "    ")
        return "\n\n".join([*parts, f"def main_{self.number}():\n{main}\n"])

    def filled(self, template: str) -> str:
        """Return a template with all that its holes stand for."""
        own: dict[str, str] = {}
        fresh = [*dict.fromkeys(re.findall(r"<(v\d)>", template))]
        for each in fresh:
            own[each] = self.fresh("v")
        is_expression = "\n" not in template and "def " not in template
        if is_expression:
            self.scope.temporary += own.values()
        name = self.fresh("h") if "<F>" in template else self.fresh("C")
        lines = []
        outer, self.bound_now = self.bound_now, []
        for line in template.split("\n"):
            self.know()
            block = re.fullmatch(r"( *)<([BLDYP])>", line)
            if block and block[2] == "P":
                lines.append(textwrap.indent(self.prelude(), block[1]))
            elif block:
                lines.append(textwrap.indent(self.block(block[2], [*own.values()]), block[1]))
            else:
                lines.append(HOLE.sub(lambda hole: own.get(hole[1]) or self.hole(hole[1], name), line))
        self.know()
        self.bound_now = outer
        if is_expression:
            self.scope.temporary = self.scope.temporary[: len(self.scope.temporary) - len(own)]
        return "\n".join(lines)

    def know(self) -> None:
        """Let the names that a line has bound be used from the next one on."""
        for scope, name in self.bound_now:
            scope.known.append(name)
        self.bound_now = []

    def fresh(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"

    def hole(self, kind: str, name: str) -> str:
        if kind in "FC":
            return name
        if kind[0] == "n":
            return self.bound(kind[1:])
        if kind in "GH":
            return self.declared_global(new=kind == "G")
        if kind == "N":
            return self.nonlocal_name()
        if kind == "g":
            return self.random.choice((f"G{self.number}", f"list_{self.number}", "undefined", "__name__"))
        if kind == "c":
            return self.random.choice(
                ("object", "Loud", "dict", "Exception", "list", "int", "Manager", self.expression("x", 2))
            )
        if kind == "e":
            return self.expression(self.random.choice(KINDS), 3)
        return self.expression(kind, 2)

    def bound(self, kind: str) -> str:
        scope = self.scope
        names = [f"{kind or self.random.choice('isldox')}{at}" for at in (1, 2)]
        fitting = [each for each in scope.known if each in names]
        if kind and not fitting and scope.around and self.random.random() < 0.7:
            fitting = [each for each in scope.around.known if each[0] == kind]
        found = self.random.choice(fitting or names)
        if found not in scope.known and found not in scope.declared:
            self.bound_now.append((scope, found))
        return found

    def declared_global(self, *, new: bool) -> str:
        found = f"{'N' if new else 'G'}{self.number}"
        self.scope.declared.add(found)
        return found

    def nonlocal_name(self) -> str:
        around = self.scope.around
        return self.random.choice((around.known if around else []) or ["x1"])

    def expression(self, kind: str, depth: int) -> str:
        """Return an expression of a kind."""
        if kind not in "kE" and self.random.random() < WRONG:
            kind = self.random.choice(KINDS)
        drawn = self.random.random()
        names = self.names(kind)
        if kind == "q" and (depth <= 0 or self.size > 60):
            return self.expression(self.random.choice("ludsS"), 0)
        if names and drawn < 0.4:
            return self.random.choice(names)
        is_enough = depth <= 0 or drawn < 0.55 or not EVERY[kind] or self.size > 60
        if is_enough and kind in LITERALS:
            literal = self.random.choice(LITERALS[kind].split("|"))
            return f"({literal})" if " " in literal and literal[0] not in "'\"[{(" else literal
        self.size += 1
        return self.nested(kind, depth)

    def nested(self, kind: str, depth: int) -> str:
        template = self.random.choice(EVERY[kind])
        kept, self.hole_depth = getattr(self, "hole_depth", 2), depth - 1
        try:
            return self.parenthesised(self.within(template, depth - 1))
        finally:
            self.hole_depth = kept

    def within(self, template: str, depth: int) -> str:
        own = {each: self.fresh("v") for each in dict.fromkeys(re.findall(r"<(v\d)>", template))}
        self.scope.temporary += own.values()

        def fill(hole: re.Match[str]) -> str:
            kind = hole[1]
            if kind in own:
                return own[kind]
            return self.hole(kind, "") if kind in "gc" else self.expression(kind, depth)

        text = HOLE.sub(fill, template)
        if own:
            del self.scope.temporary[-len(own) :]
        return text

    def parenthesised(self, text: str) -> str:
        return text if re.fullmatch(r"[\w.]+|\[[^\[\]]*\]|\([^()]*\)|\w+\([^()]*\)", text) else f"({text})"

    def names(self, kind: str) -> list[str]:
        scope = self.scope
        if scope.temporary and self.random.random() < 0.5:
            return scope.temporary
        if self.random.random() < 0.03:
            return [f"{kind if kind in 'isldox' else 'x'}{self.random.choice('12')}"]  # it may have no value
        found = [each for each in scope.known if each[0] == kind or kind == "x" or (kind == "q" and each[0] in "lsd")]
        if scope.around and (not found or self.random.random() < 0.3):
            around = [each for each in scope.around.known if each[0] == kind or kind == "x"]
            found = around or found
        return found

    def prelude(self) -> str:
        """Return statements that give values to names of several kinds."""
        drawn = self.random.sample(
            ["<ni> = <i>", "<ns> = <s>", "<nl> = <l>", "<nd> = <d>", "<no> = <o>", "<nx> = <x>"], 3
        )
        return "\n".join(map(self.filled, drawn))

    def block(self, kind: str, parameters: list[str]) -> str:
        """Return the statements of a block."""
        if kind in "DY":
            self.scope = Scope(self.scope, yields=kind == "Y")
            self.scope.known += parameters
            text = self.statements()
            if self.random.random() < 0.5:
                text += "\n" + self.filled("return <x>")
            assert self.scope.around
            self.scope = self.scope.around
            return text
        self.scope.loops += kind == "L"
        text = self.statements()
        self.scope.loops -= kind == "L"
        return text

    def statements(self) -> str:
        return "\n".join(self.statement() for _ in range(self.random.choice((1, 1, 2, 2, 3)) if self.size < 40 else 1))

    def statement(self) -> str:
        self.size += 3
        drawn = self.random.random()
        if self.size > 60:
            simple = (
                "note(<x>)",
                "<n> = <x>",
                "return <x>",
                "pass",
                "<nl>.append(t('', <x>))",
                "<ni> += <i>",
                "raise <E>(<x>)",
            )
            return self.filled(self.random.choice(simple))
        if self.scope.yields and drawn < 0.4:
            return self.filled(self.random.choice(GENERATORS))
        if self.scope.loops and drawn > 0.75:
            return self.filled(self.random.choice(LOOPS))
        return self.filled(self.random.choice(PLAIN))


def _has_text_in_text(node: ast.AST) -> bool:
    """Return whether an f-string stands in an f-string, which in the same quotes Python takes from 3.12 on alone."""
    return isinstance(node, ast.FormattedValue) and any(
        isinstance(each, ast.JoinedStr) for each in ast.walk(node.value)
    )


HEAD = "from programs.watched import InPlace, Loud, Manager, attempt, begin, boom, drive, note, t, tick\n\n"


def module(seed: int, programs: int) -> str:
    """Return the text of a module with so many programs, those that Python takes.

    Args:
        seed: another module for each.
        programs: how many.
    """
    texts: list[str] = []
    draw = 0
    while len(texts) < programs:
        draw += 1
        text = Writer(f"{seed} {draw}", len(texts)).program()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(text, "program", "exec")
        except SyntaxError:
            continue  # such as a name that is declared behind its use
        if not any(_has_text_in_text(node) for node in ast.walk(ast.parse(text))):
            texts.append(text)
    return HEAD + "\n\n".join(texts)

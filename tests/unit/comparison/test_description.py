"""What can be seen of a module: each thing by its path, as a text that is the same in every process."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import pytest

from buildkit.comparison import description, frameworks

SOURCE = '''
"""A module."""
import dataclasses, enum, functools, typing

__all__ = ["Greeter", "greet"]

LIMIT: int = 3
NAMES = {"b", "a"}

class Colour(enum.Enum):
    RED = 1
    BLUE = "two"

@dataclasses.dataclass(frozen=True)
class Greeter(typing.Generic[typing.TypeVar("T")]):
    """Greets."""
    name: str
    times: "int" = 1

    @property
    def loud(self) -> bool:
        "How loud."
        return True

    @staticmethod
    def still(word: str = "hi") -> None: ...

    @classmethod
    def of(cls, *names, **rest): ...

    @functools.cached_property
    def kept(self): ...

class Slotted:
    __slots__ = ("one", "two")

def greet(name: str, /, times: int = 1, *, end="!") -> str:
    "Say hello."
    return name

async def later(): ...
async def many(): yield 1
def some(): yield 1

again = greet

@functools.lru_cache(maxsize=3)
def once(): ...
'''


def describe(module: types.ModuleType) -> dict[str, str]:
    return description.describe(module, frameworks.OF_CLASSES, frameworks.OF_OBJECTS)


def module(source: str = SOURCE) -> types.ModuleType:
    made = types.ModuleType("sample")
    sys.modules["sample"] = made  # where dataclasses look for it
    exec(compile(source, "sample.py", "exec", dont_inherit=True), vars(made))
    return made


@pytest.fixture
def facts() -> dict[str, str]:
    return describe(module())


@pytest.mark.parametrize(
    ("path", "fact"),
    [
        ("__doc__", "'A module.'"),
        ("__all__", "list('Greeter', 'greet')2"),
        ("__path__", "no package"),
        ("LIMIT", "3"),
        ("NAMES", "set('a', 'b')2"),
        ("Colour.__members__", "RED = 1; BLUE = 'two'"),
        ("Greeter", "class, type"),
        ("Greeter.__doc__", "'Greets.'"),
        ("Greeter.bases", "tuple(typing.Generic)1"),
        ("Greeter.mro", "tuple(sample.Greeter, typing.Generic, object)3"),
        ("Greeter.loud", "property"),
        ("Greeter.loud.__doc__", "'How loud.'"),
        ("Greeter.still.__func__.parameters", "(positional_or_keyword word: str = 'hi') -> None"),
        ("Greeter.of.__func__.parameters", "(positional_or_keyword cls; var_positional names; var_keyword rest)"),
        ("Greeter.kept", "cached_property"),
        ("Slotted.__slots__", "tuple('one', 'two')2"),
        ("greet", "function, isfunction"),
        ("greet.__doc__", "'Say hello.'"),
        ("greet.__defaults__", "tuple(1)1"),
        ("greet.__kwdefaults__", "dict('end': '!')1"),
        (
            "greet.parameters",
            "(positional_only name: str; positional_or_keyword times: int = 1; keyword_only end = '!') -> str",
        ),
        ("later", "function, isfunction, iscoroutinefunction"),
        ("many", "function, isfunction, isasyncgenfunction"),
        ("some", "function, isfunction, isgeneratorfunction"),
        ("once.cache_parameters", "dict('maxsize': 3, 'typed': False)2"),
    ],
)
def test_a_thing_is_seen(facts: dict[str, str], path: str, fact: str) -> None:
    assert facts[path.replace("greet", "again", 1) if path.startswith("greet") else path] == fact


def test_another_name_for_a_thing_says_so(facts: dict[str, str]) -> None:
    assert facts["greet"] == "is again"


def test_members_stand_in_their_order_and_fields_with_what_they_are(facts: dict[str, str]) -> None:
    members = facts["Greeter.members"].split(", ")
    assert members.index("times") < members.index("loud") < members.index("still") < members.index("of")
    assert "name: str = " in facts["Greeter.__dataclass_fields__"]
    assert "times: 'int' = 1" in facts["Greeter.__dataclass_fields__"]
    assert "frozen=True" in facts["Greeter.__dataclass_params__"]


def test_an_annotation_that_is_a_text_is_another_one() -> None:
    plain = "def f(x: int) -> int: ...\n"
    assert describe(module(plain))["f.__annotations__"] == "dict('x': int, 'return': int)2"
    turned = f"from __future__ import annotations\n{plain}"
    assert describe(module(turned))["f.__annotations__"] == "dict('x': 'int', 'return': 'int')2"


def test_a_long_text_is_told_from_another_one() -> None:
    one, other = (describe(module(f"X = 'a' * 400 + {end!r}"))["X"] for end in "bc")
    assert len(one) < 400
    assert one != other


def test_no_address_and_no_place_is_shown() -> None:
    found = describe(module("import typing\nclass C: ...\nX = C()\nY = typing.List[C]\nF = {1: C, 2: X}"))
    assert "0x" not in str(found)
    assert found["X"] == "an instance of sample.C"


def test_what_does_not_let_itself_be_looked_at_is_named_all_the_same() -> None:
    source = (
        "class Proxy:\n"
        "    def __getattribute__(self, name): raise RuntimeError\n"
        "class Bad:\n"
        "    @property\n"
        "    def routes(self): raise ValueError\n"
        "X = Proxy()\nY = Bad()\n"
    )
    found = describe(module(source))
    assert found["X"].endswith("cannot be seen: RuntimeError")
    assert found["Y.routes"] == "cannot be seen: ValueError"


def test_routes_of_applications_are_seen() -> None:
    starlette = pytest.importorskip("starlette")
    assert starlette
    source = (
        "from starlette.applications import Starlette\nfrom starlette.routing import Mount, Route\n"
        "async def home(request): ...\n"
        "app = Starlette(routes=[Route('/', home), Mount('/m', routes=[Route('/x', home, methods=['POST'])])])\n"
        "from flask import Flask\nweb = Flask('web')\n@web.get('/a/<int:n>')\ndef a(n): ...\n"
    )
    found = describe(module(source))
    assert found["app.routes"] == (
        "Route / ['GET', 'HEAD'] function sample.home; Mount /m [] None [Route /x ['POST'] function sample.home]"
    )
    assert "/a/<int:n> ['GET', 'HEAD', 'OPTIONS'] a function sample.a" in found["web.url_map"]


def test_two_processes_see_the_same() -> None:
    code = (
        f"import runpy, json, sys; d = runpy.run_path({description.__file__!r})['describe']\n"
        "import argparse, dataclasses, enum, typing, asyncio.events\n"
        "print(json.dumps([d(m, {}, {}) for m in (argparse, dataclasses, enum, typing, asyncio.events)]))"
    )
    seen = [
        subprocess.run(
            [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60, cwd=Path("/")
        ).stdout
        for _ in range(2)
    ]
    assert seen[0] == seen[1]

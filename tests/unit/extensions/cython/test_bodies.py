"""The body of a module: made from the source that the key is of, for the Python that the extension is for."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from buildkit.compile import interpreter
from buildkit.core.fingerprint import digest_bytes
from buildkit.extensions.cython.bodies import Bodies, BodyRefused, SourceChanged
from buildkit.model import Digest
from buildkit.store.artifacts import Store, of_machine

TEXT = b"def one():\n    return 1\n"
OWN = interpreter.find(None, {})
FOREIGN = replace(OWN, program=str(Path(sys.executable).parent / ".." / "bin" / Path(sys.executable).name))
"""The same by another name: what is not started as this process was is asked by a process of its own."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return of_machine({"PYBUILDKIT_CACHE_DIR": str(tmp_path / "cache")}, print, print)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "one.py"
    found.write_bytes(TEXT)
    return found


def parts(text: bytes = TEXT) -> dict[str, Digest]:
    tools = {"toolchain python": Digest("p"), "setting directives": Digest("d"), "setting semantics": Digest("s")}
    return {"source one.py": digest_bytes(text), **tools}


@pytest.mark.parametrize("python", [OWN, FOREIGN], ids=["this Python", "another one"])
def test_it_is_made_once(python: interpreter.Interpreter, store: Store, file: Path) -> None:
    bodies = Bodies(python, store, reuse=True)
    assert bodies.find("one.py", parts()) is None

    digest, text = bodies.make("one.py", file, parts())

    assert digest == digest_bytes(text)
    assert b"one\\012" in text
    assert bodies.find("one.py", parts()) == digest
    assert bodies.make("one.py", file, parts()) == (digest, b""), "the store has it"


@pytest.mark.parametrize("text", [TEXT, b"x = [1, 2][0:1]\nclass C:\n    y = lambda a: a[1:2, (3, 4), ::'b']\n"])
def test_both_ways_make_the_same(store: Store, file: Path, text: bytes) -> None:
    file.write_bytes(text)
    made = [Bodies(each, store, reuse=False).make("one.py", file, parts(text)) for each in (OWN, FOREIGN)]
    assert made[0] == made[1]


@pytest.mark.parametrize("python", [OWN, FOREIGN], ids=["this Python", "another one"])
def test_a_source_that_changed_is_not_kept_under_the_old_key(
    python: interpreter.Interpreter, store: Store, file: Path
) -> None:
    bodies = Bodies(python, store, reuse=True)
    file.write_bytes(b"def two():\n    return 2\n")

    with pytest.raises(SourceChanged):
        bodies.make("one.py", file, parts())

    assert bodies.find("one.py", parts()) is None


@pytest.mark.parametrize("python", [OWN, FOREIGN], ids=["this Python", "another one"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"x = = 1\n", "one.py:1: invalid syntax"),
        (b"x = '\xff'\n", "one.py:"),
        (b"x = " + b"-" * 200_000 + b"1\n", "one.py:"),
    ],
)
def test_what_python_does_not_take_is_said_in_its_words(
    python: interpreter.Interpreter, store: Store, file: Path, text: bytes, words: str
) -> None:
    file.write_bytes(text)

    with pytest.raises(BodyRefused) as caught:
        Bodies(python, store, reuse=True).make("one.py", file, parts(text))

    assert str(caught.value).startswith(words)
    assert "Traceback" not in str(caught.value)

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[4]


@pytest.fixture
def fresh_lexicon(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Cython's definition of its tokens, to be changed by one test."""
    from Cython.Compiler import Lexicon

    monkeypatch.setattr(Lexicon, "make_lexicon", Lexicon.make_lexicon)
    return Lexicon


def letters_of(lexicon: Any) -> str:
    """Every letter beyond ASCII that may stand in an identifier."""
    single: str = lexicon.unicode_start_ch_any + lexicon.unicode_continuation_ch_any
    ranges = [*pairs(lexicon.unicode_start_ch_range), *pairs(lexicon.unicode_continuation_ch_range)]
    return single + "".join(chr(code) for first, last in ranges for code in range(ord(first), ord(last) + 1))


def pairs(text: str) -> Iterator[tuple[str, str]]:
    return zip(text[::2], text[1::2], strict=True)


def same(one: Any, other: Any) -> bool:
    """Return whether two scanners go the same way and do the same thing on every text."""
    states = {id(state): state for state in (*one.states, *other.states)}
    waiting = {(id(one.initial_states[name]), id(other.initial_states[name])) for name in one.initial_states}
    seen: set[tuple[int, int]] = set()
    while waiting:
        seen |= waiting
        pairs_of_states = [(states[left], states[right]) for left, right in waiting]
        waiting = set()
        for left, right in pairs_of_states:
            if left.keys() != right.keys() or repr(left["action"]) != repr(right["action"]):
                return False
            steps = set(zip(map(id, left.values()), map(id, map(right.__getitem__, left)), strict=True))
            if any((one in states) != (other in states) for one, other in steps):
                return False
            waiting |= {step for step in steps if step[0] in states} - seen
    return bool(one.initial_states.keys() == other.initial_states.keys())


def test_with_every_letter_known_the_tables_are_those_of_cython(fresh_lexicon: Any) -> None:
    from buildkit.compile.cython.quick_start import Letters

    whole = fresh_lexicon.make_lexicon()
    letters = Letters.of(fresh_lexicon)
    assert letters is not None
    made = letters.replace_the_lexicon()
    assert max(map(len, made.machine.states)) < 200
    assert not same(made.machine, whole.machine)
    letters.know(letters_of(fresh_lexicon))
    assert same(made.machine, whole.machine)


def test_a_letter_that_is_none_has_no_entry(fresh_lexicon: Any) -> None:
    from buildkit.compile.cython.quick_start import Letters

    letters = Letters.of(fresh_lexicon)
    assert letters is not None
    made = letters.replace_the_lexicon()
    before = [dict(state) for state in made.machine.states]
    letters.know("€ \N{NO-BREAK SPACE}\N{SNOWMAN}\N{GRINNING FACE}")
    assert made.machine.states == before


def test_a_lexicon_of_another_kind_is_left(monkeypatch: pytest.MonkeyPatch, fresh_lexicon: Any) -> None:
    from buildkit.compile.cython.quick_start import Letters

    monkeypatch.delattr(fresh_lexicon, "unicode_start_ch_any")
    assert Letters.of(fresh_lexicon) is None


LETTERS = """\
π = 3
def fix(ﬁ, µ, naïve: "été" = "日本", **ключ):
    '''Ω — “quoted” 🙂'''
    x·y = f"{µ!r:>{π}} {naïve} {ﬁ} „{'ä' + 'ö'}“"
    return x·y, ключ, b"abc", \N{FULLWIDTH LATIN SMALL LETTER F}i
class Größe:
    größe: int = 1
    Å = [ß for ß in range(3)]
"""

SOURCES = {
    "letters.py": LETTERS,
    "none.py": "def f(x):\n    return x + €\n",
    "parts.pyx": "include 'part.pxi'\ncimport numbers_\n",
    "part.pxi": LETTERS,
    "numbers_.pxd": "cdef int zähler\n",
    # of a dataclass Cython makes code that it reads as another text
    "fields.py": "import cython\n@cython.dataclasses.dataclass\nclass A:\n    ﬂ: int\n",
}

TRANSLATE = """
import sys
if sys.argv[1] == "quick":
    from buildkit.compile.cython import quick_start
    quick_start.prepare()
from Cython.Compiler.Main import CompilationOptions, compile_single
for source in sys.argv[2:]:
    options = CompilationOptions(output_file=source + ".c", language_level=3)
    print(compile_single(source, options, full_module_name="app.odd").num_errors)
"""


def translated(folder: Path, way: str) -> dict[str, str]:
    """What the translations of all sources say, and the C that they make."""
    folder.mkdir()
    for name, text in SOURCES.items():
        (folder / name).write_text(text, "utf-8")
    modules = [name for name in SOURCES if name.endswith((".py", ".pyx"))]
    done = subprocess.run(
        [sys.executable, "-c", TRANSLATE, way, *modules],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
        timeout=140,
    )
    made = {file.name: file.read_text("utf-8") for file in folder.glob("*.c")}
    return {"stdout": done.stdout, "stderr": done.stderr, **made}


def test_sources_with_odd_letters_become_the_same_c(tmp_path: Path) -> None:
    quick = translated(tmp_path / "quick", "quick")
    assert quick == translated(tmp_path / "plain", "plain")
    assert quick["stdout"].split() == ["0", "1", "0", "0"]

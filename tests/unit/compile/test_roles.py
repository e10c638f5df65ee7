"""What a source is for, by its text."""

from __future__ import annotations

import pytest

from buildkit.compile.roles import included, is_program


@pytest.mark.parametrize(
    "text",
    [
        b"import x\nif __name__ == '__main__':\n    x.run()\n",
        b'if __name__=="__main__": run()\n',
        b'if "__main__" == __name__:\n    run()\n',
        b'if (__name__ == "__main__"):\r\n    run()\r\n',
        b'if __name__ == "__main__" and True:\n    run()\n',
    ],
)
def test_a_program(text: bytes) -> None:
    assert is_program(text)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"def f():\n    if __name__ == '__main__':\n        pass\n",
        b"# if __name__ == '__main__':\n",
        b"x = '__main__'\n",
        b"if __name__ == 'app':\n    pass\n",
    ],
)
def test_no_program(text: bytes) -> None:
    assert not is_program(text)


def test_what_is_included() -> None:
    text = b"include \"parts/a.pyx\"\n  include 'b.pxi'  # why\nincluded = 'c'\n# include 'd'\n"
    assert included(text, "app") == ["app/parts/a.pyx", "parts/a.pyx", "app/b.pxi", "b.pxi"]
    assert included(b"include './a.pxi'\ninclude '../b.pxi'", "app") == ["app/a.pxi", "a.pxi", "b.pxi", "../b.pxi"]
    assert included(text, "") == ["parts/a.pyx", "parts/a.pyx", "b.pxi", "b.pxi"]

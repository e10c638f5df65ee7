"""What a source is for, by its text."""

from __future__ import annotations

import pytest

from buildkit.compile.roles import declares_public, included, is_program


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


@pytest.mark.parametrize(
    "text",
    [
        b"cdef api int twice(int x):\n    return x\n",
        b"cdef public int count\n",
        b"x = 1\ncdef public struct Pair:\n    int a\n",
        b"cdef public class Point [object Point, type Type]:\n    pass\n",
        b"ctypedef public enum Kind: one\n",
        b"cdef inline public double half(double x): return x / 2\n",
        b"IF True:\n    cdef api void f(): pass\n",
        b"cdef public:\n    int count\n",
        b"cdef class A:\n    pass\ncdef api int f(): return 1\n",
    ],
)
def test_what_declares_for_c_is_seen(text: bytes) -> None:
    assert declares_public(text)


@pytest.mark.parametrize(
    "text",
    [
        b"cdef class Point:\n    cdef public int x\n",
        b"cdef class Point:\n    def f(self): pass\n\n    cdef public object y\n",
        b"cdef int api(int x): return x\n",
        b"cdef int public_count = api\n",
        b"# cdef public int x\n",
        b"public = api = 1\n",
    ],
)
def test_what_declares_for_python_alone_is_not(text: bytes) -> None:
    assert not declares_public(text)

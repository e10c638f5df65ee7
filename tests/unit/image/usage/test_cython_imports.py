"""What a source of Cython imports."""

from __future__ import annotations

import pytest

from buildkit.image.usage.cython_imports import uses_in_cython


@pytest.mark.parametrize(
    ("source", "name", "kind", "line"),
    [
        ("import numpy as np", "numpy", "import", 1),
        ("cdef int a = 1\nimport yaml, ujson", "ujson", "import", 2),
        ("from google.protobuf import message", "google.protobuf", "import", 1),
        ("from google.auth import (\n    default,\n    load,\n)", "google.auth", "import", 1),
        ("def f():\n    import yaml", "yaml", "import", 2),
        ("if True: import yaml", "yaml", "import", 1),
        ("cimport numpy as cnp", "numpy", "cimport", 1),
        ("from numpy cimport ndarray", "numpy", "cimport", 1),
        ('cdef extern from "numpy/arrayobject.h":\n    pass', "numpy", "cimport", 1),
        ("x = __import__('yaml')", "yaml", "import", 1),
        ("url = 'mysql+aiomysql://db'", "aiomysql", "dialect", 1),
        ("x = import_module(name)", "", "dynamic", 1),
        ("import \\\n    yaml", "yaml", "import", 1),
    ],
)
def test_a_use_is_seen_with_its_line(source: str, name: str, kind: str, line: int) -> None:
    assert (name, kind, line) in {(use.name, use.kind, use.line) for use in uses_in_cython(source, "app/a.pyx")}


def test_what_comes_with_cython_or_is_a_comment_is_none() -> None:
    source = "from libc.math cimport sin\ncimport cython\n# import yaml\nfrom . cimport other\n"

    assert uses_in_cython(source, "app/a.pyx") == []

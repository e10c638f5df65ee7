"""Projects with C and C++ below Cython, and which calls of a compiler a run made."""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path

from plugins.projects import APP, Ran

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")

PROJECT = {
    "pyproject.toml": APP,
    "src/app/__init__.py": "",
    "src/app/limit.h": "#define LIMIT 7\n",
    "src/app/user.pyx": 'cdef extern from "limit.h":\n    int LIMIT\n\ndef limit():\n    return LIMIT\n',
}

SHAPES = {
    "pyproject.toml": APP,
    "src/app/__init__.py": "",
    "include/shape.h": """\
        #include <vector>
        struct Shape {
            std::vector<int> sides;
            Shape(int);
            int area();
            int edge();
            virtual ~Shape() {}
        };
        """,
    "csrc/area/shape.cpp": '#include "shape.h"\nint Shape::area() { return sides[0] * sides[1]; }\n',
    "csrc/edge/shape.cpp": '#include "shape.h"\nShape::Shape(int n) : sides(4, n) {}\n'
    "int Shape::edge() { return sides[0] * 4; }\n",
    "src/app/shapes.pyx": """\
# distutils: language = c++
# distutils: include_dirs = include
# distutils: sources = csrc/area/shape.cpp csrc/edge/shape.cpp
from libcpp.vector cimport vector

cdef extern from "shape.h":
    cdef cppclass Shape:
        Shape(int) except +
        int area()
        int edge()

cdef class Square:
    cdef Shape* shape
    def __cinit__(self, int n):
        self.shape = new Shape(n)
    def __dealloc__(self):
        del self.shape
    def measures(self):
        cdef vector[int] found
        found.push_back(self.shape.area())
        found.push_back(self.shape.edge())
        return found
""",
}


def compiled(ran: Ran) -> list[str]:
    """The calls that made an object, without those that see whether a compiler works."""
    return [line for line in ran.started if " -c " in line and "-MD" in line and "probe.c" not in line]


def linked(ran: Ran) -> list[str]:
    """The calls that made an extension, likewise."""
    return [line for line in ran.started if " -shared " in line and "probe.o" not in line]


def asked(ran: Ran) -> list[str]:
    """The calls that made nothing: a driver was asked where it looks and what it runs."""
    return [line for line in ran.started if line.endswith("/dev/null") or " -print-" in line]


def clone(root: Path, place: Path) -> Path:
    """Copy a project without what was made in it."""
    shutil.copytree(root, place, ignore=shutil.ignore_patterns(".buildkit", "*.so", "__pycache__"))
    return place

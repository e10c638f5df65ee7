"""The words of errors that stand in Cython's own C: while a module of plain Python is translated they are Python's.

Each section is replaced by its name and its text. Where Cython's text is not the one that is expected here, as in
another version, the first translation fails: else the words would go back to Cython's in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from Cython.Compiler import Builtin
from Cython.Compiler.Code import UtilityCode


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said in another way.

    Args:
        file: of Cython's C, in its folder `Utility`.
        section: in the file.
        cython: a part of the section's text, which stands there once.
        python: what stands for it.
        shown: when it is seen.
    """

    file: str
    section: str
    cython: str
    python: str
    shown: str


_UNBOUND = """
#if PY_VERSION_HEX >= 0x030B0000
    PyErr_Format(PyExc_UnboundLocalError,
        "cannot access local variable '%s' where it is not associated with a value", varname);
#else
    PyErr_Format(PyExc_UnboundLocalError, "local variable '%s' referenced before assignment", varname);
#endif
"""

WORDINGS = (
    Wording(
        "ObjectHandling.c",
        "RaiseUnboundLocalError",
        """
    PyErr_Format(PyExc_UnboundLocalError, "local variable '%s' referenced before assignment", varname);
""",
        _UNBOUND,
        "a local name that has no value",
    ),
    Wording(
        "ObjectHandling.c",
        "IterNext",
        '__Pyx_FMT_TYPENAME " object is not an iterator"',
        '"\'" __Pyx_FMT_TYPENAME "\' object is not an iterator"',
        "`next` of what is no iterator",
    ),
    Wording(
        "ObjectHandling.c",
        "IterNext",
        """
    #if CYTHON_COMPILING_IN_CPYTHON && PY_VERSION_HEX < 0x030d0000

        if (unlikely(iternext == &_PyObject_NextNotImplemented))
            return NULL;
    #endif
""",
        """
        if (unlikely(!PyIter_Check(iterator))) {
            PyErr_Clear();
            __Pyx_PyIter_Next_ErrorNoIterator(iterator);
            return NULL;
        }
""",
        "`next` of an object whose class defines no `__next__`",
    ),
    Wording(
        "ObjectHandling.c",
        "ObjectGetItem",
        """
    __Pyx_RaiseTypeErrorWithObjectType(
        "'" __Pyx_FMT_TYPENAME "' object is not subscriptable", obj);
    return NULL;
""",
        """
    return PyObject_GetItem(obj, key);
""",
        "`x[y]` of a class without `__class_getitem__`",
    ),
    Wording(
        "ImportExport.c",
        "ImportFrom",
        "if (unlikely(!value) && PyErr_ExceptionMatches(PyExc_AttributeError)) {",
        """if (unlikely(!value) && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        return buildkit_import_from(module, name);
    }
    if ((0)) {""",
        "`from module import name` of a name that is not there",
    ),
    Wording(
        "ImportExport.c",
        "ImportFrom",
        'PyErr_Format(PyExc_ImportError, "cannot import name %S", name);',
        "",
        "`from module import name` where the module's `__getattr__` raises another error",
    ),
    Wording(
        "Exceptions.c",
        "RaiseException",
        '"raise: exception class must be a subclass of BaseException"',
        '"exceptions must derive from BaseException"',
        "`raise` of what is no exception",
    ),
)


class Words:
    """Puts Python's words into Cython's C, and takes them out again."""

    def __init__(self) -> None:
        self._texts: list[tuple[Any, str, str]] | None = None

    def use(self, *, python: bool) -> None:
        """Say from now on what Python says, or what Cython says.

        Raises:
            RuntimeError: Cython's text is not what is expected here.
        """
        if self._texts is None:
            if not python:
                return
            self._texts = []
            for each in WORDINGS:
                code = _section(each)
                self._texts.append((code, code.impl, _changed(code.impl, each)))
                code.impl = self._texts[-1][2]
        for code, cython, changed in self._texts if python else reversed(self._texts):
            code.impl = changed if python else cython


def _section(wording: Wording) -> Any:
    if wording.section == "IterNext":
        return Builtin.iter_next_utility_code  # Cython has read this one aside
    return UtilityCode.load_cached(wording.section, wording.file)


def _changed(text: str, wording: Wording) -> str:
    if text.count(wording.cython) != 1:
        raise RuntimeError(f"the section {wording.section} of Cython's {wording.file} is not the one known to buildkit")
    return text.replace(wording.cython, wording.python)

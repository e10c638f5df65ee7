"""Says what kind of thing a file of an image is, by its name alone."""

from __future__ import annotations

import re

KINDS = ("code", "extension", "library", "bytecode", "tests", "docs", "sources", "static", "metadata", "data")
"""The kinds, in the order of the table; a program of ELF counts as `library`."""

_BY_SUFFIX = {
    ".py": "code",
    ".pyc": "bytecode",
    ".pyi": "sources",
    ".pyx": "sources",
    ".pxd": "sources",
    ".pxi": "sources",
    ".c": "sources",
    ".h": "sources",
    ".cpp": "sources",
    ".hpp": "sources",
    ".a": "static",
    ".la": "static",
    ".lib": "static",
}
_LIBRARY = re.compile(r"\.so(\.\d+)*$")
_EXTENSION = re.compile(r"\.(cpython-\d+[a-z]*(-[\w-]+)?|abi3)\.so$")
_PLAIN_EXTENSION = re.compile(r"(^|/)(site-packages|dist-packages|lib-dynload)/((?!\.libs/)[^/]|(?<!\.libs)/)+\.so$")
_TESTS = re.compile(r"(^|/)(tests?|_tests?|[a-z_]+_tests)(/|$)|(^|/)(test_[^/]*|[^/]*_test|conftest)\.pyc?$")
_DOCS = re.compile(r"(^|/)(docs?|man|info|doc-base)/|\.(rst|md)$")


def kind_of(path: str, *, is_binary: bool) -> str:
    """Return the kind of a file.

    Args:
        path: its path, without a slash at the front.
        is_binary: whether it is a program or library of ELF.
    """
    if ".dist-info/" in path or ".egg-info/" in path:
        return "metadata"
    if "site-packages/" in path and _TESTS.search(path.partition("site-packages/")[2]):
        return "tests"
    if _EXTENSION.search(path) or (is_binary and _PLAIN_EXTENSION.search(path)):
        return "extension"
    if is_binary or _LIBRARY.search(path):
        return "library"
    suffix = path[path.rfind(".") :] if "." in path.rpartition("/")[2] else ""
    return _BY_SUFFIX.get(suffix) or ("docs" if _DOCS.search(path) else "data")

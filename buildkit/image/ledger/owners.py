"""Says whose each file of an image is: of a distribution, of a package of the system, of Python, or of the service."""

from __future__ import annotations

import csv
import posixpath
import re
from collections.abc import Iterator

from buildkit.image.ledger.tree import Tree

PYTHON, SERVICE = "(Python)", "(service)"
"""Who owns what comes with the interpreter, and what lies in the working folder."""

_INTERPRETER = re.compile(
    r"^(usr/(local/)?)?(lib/(python3(\.\d+)?/(?!site-packages/|dist-packages/)|libpython3)"
    r"|bin/(python|pydoc|idle|2to3)[\d.]*(-config)?$|include/python3|lib/pkgconfig/python|share/man/man1/python)"
)
_CACHED = re.compile(r"^(?P<folder>.*?)__pycache__/(?P<name>[^/]+?)\.(cpython|pypy)[^/]*\.pyc$")
_INFO = re.compile(r"^(?P<name>[^/]+?)-(?P<version>[^/-]+)\.dist-info$")


class Owners:
    """Whose the files of an image are.

    Args:
        tree: the image.
        folder: the working folder of its containers, without a slash at the front.
    """

    def __init__(self, tree: Tree, folder: str) -> None:
        self._folder = f"{folder}/" if folder else ""
        self._by_path: dict[str, str] = {}
        self.twice: dict[str, tuple[str, str]] = {}
        """By path, the two distributions that both say it is theirs."""
        self.versions: dict[str, str] = {}
        """The versions of the distributions by their names."""
        for path, text in tree.texts.items():
            if path.endswith(".dist-info/RECORD"):
                self._take_record(path, text)
            elif path.startswith("var/lib/dpkg/info/"):
                self._take(posixpath.basename(path).removesuffix(".list").partition(":")[0], text.splitlines())
            elif path.endswith("apk/db/installed"):
                self._take_apk(text)

    def of(self, path: str) -> str:
        """Return the owner of a file; empty if nobody says that it is theirs."""
        found = self._by_path.get(path)
        if found is None and (cached := _CACHED.match(path)) is not None:  # no RECORD has what was compiled later
            source = f"{cached['folder']}{cached['name']}.py"
            found = self._by_path.get(source)
            path = source
        if found is not None:
            return found
        if _INTERPRETER.match(path):
            return PYTHON
        if path.startswith(("var/lib/dpkg/", "var/cache/debconf/")):
            return "dpkg"
        return SERVICE if self._folder and path.startswith(self._folder) else ""

    def _take_record(self, path: str, text: str) -> None:
        info = posixpath.dirname(path)
        place, named = posixpath.dirname(info), _INFO.match(posixpath.basename(info))
        name = re.sub(r"[-_.]+", "-", named["name"]).lower() if named else posixpath.basename(info)
        if named:
            self.versions[name] = named["version"]
        for row in csv.reader(text.splitlines()):
            if row:
                self._own(name, posixpath.normpath(posixpath.join("/", place, row[0])).strip("/"))
        for file in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json"):
            self._own(name, posixpath.join(info, file))

    def _take(self, name: str, paths: list[str]) -> None:
        for each in paths:
            path = each.strip("/")
            self._by_path.setdefault(path, name)
            if path.startswith(("bin/", "sbin/", "lib")):  # lists of Debian name them where they were before /usr
                self._by_path.setdefault(f"usr/{path}", name)

    def _take_apk(self, text: str) -> None:
        for name, path in _apk_files(text):
            self._by_path.setdefault(path, name)

    def _own(self, name: str, path: str) -> None:
        former = self._by_path.setdefault(path, name)
        if former != name and former in self.versions and not path.endswith(".pyc"):
            self.twice[path] = (former, name)


def _apk_files(text: str) -> Iterator[tuple[str, str]]:
    """Yield package and path of each file, from the database of apk: `P:` the package, `F:` a folder, `R:` a file."""
    name = folder = ""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == "P":
            name = value
        elif key == "F":
            folder = value
        elif key == "R":
            yield name, posixpath.join(folder, value)

"""The project's watched files: which folders hold them, and what each contained at the last look.

Comparing digests is the reason why a touched file, a formatter that changes nothing, or a branch switched away and back
needs no work. Source files are compared by content. Data inputs are compared by size and time stamps, since they may be
gigabytes; the data flow then compares their content.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from buildkit.core.changes import IGNORED_FOLDERS, Layout, Need, Reaction, glob_place, needs_of, react
from buildkit.dev.bytecode import was_imported
from buildkit.dev.walking import Found, Links, walk
from buildkit.doors.files import digest_file
from buildkit.model import ABSENT

_READ = frozenset({Need.REBUILD, Need.RESTART})
"""What is needed after a change of files that services read when they start."""


class Tree:
    """The watched part of a project.

    Args:
        root: the project's folder.
        layout: the places of the project's files.
    """

    def __init__(self, root: Path, layout: Layout) -> None:
        self._root = os.path.normpath(root)
        self.layout = layout
        self._stamps: dict[str, tuple[int, ...]] = {}
        self._written: dict[str, tuple[int, ...]] = {}  # between the last two looks, and as it was at the first of them
        self._links = Links()
        self.is_outgrown = False  # there are links that lead to folders which `folders` did not name
        self._marks = self._look(self._files())
        self._before: dict[str, str] = {}  # what the files that changed since `settle` were then

    def folders(self) -> list[str]:
        """Return the absolute path of every folder that holds watched files; each is watched without its subfolders."""
        single = (*self.layout.settings, *self.layout.migrations)
        places = {os.path.dirname(self._absolute(path)) for path in single}  # noqa: PTH120
        code: list[Found] = []
        for place, holds_code in self._places():
            places.add(place if os.path.isdir(place) else os.path.dirname(place))  # noqa: PTH112, PTH120
            for found in self._walk(place, follow=holds_code):
                places.add(found.real or found.folder)
                if holds_code:
                    code.append(found._replace(links=self._code_links(found)))
            if holds_code and os.path.islink(place) and os.path.isfile(place):  # noqa: PTH113, PTH114
                folder, _, name = place.rpartition("/")
                code.append(Found(folder, [name], [name], ""))
        self._links = Links(code if any(found.real or found.links for found in code) else ())
        self.is_outgrown = False
        places |= self._links.folders()
        return sorted(place for place in places if os.path.isdir(place))  # noqa: PTH112

    def is_relevant(self, path: str) -> bool:
        """Return whether the file at this absolute path is watched."""
        return any(needs_of(name, self.layout) for name in self._names([path]))

    def code_in(self, paths: Collection[str]) -> set[str]:
        """Return those of the files that may be compiled, as paths relative to the project.

        Args:
            paths: absolute paths.
        """
        return {name for name in self._names(paths) if Need.REBUILD in needs_of(name, self.layout)}

    def written(self, paths: Collection[str]) -> set[str]:
        """Return the services' files that were written between the last two looks, whether they differ or not.

        Args:
            paths: absolute paths that events named: a file that is not there may have been in between.
        """
        gone = {name for name in self._names(paths) if name not in self._marks and not _is_hidden(name)}
        return {name for name in {*self._written} | gone if _READ & {*needs_of(name, self.layout)}}

    def imported(self, names: Collection[str]) -> set[str]:
        """Return those of the files written between the last two looks of which a process imported another text."""
        return {
            name
            for name in self._written.keys() & {*names}
            if name.endswith(".py") and was_imported(Path(self._absolute(name)), self._written[name])
        }

    def changes(self, paths: Collection[str] | None = None) -> Reaction:
        """Look again, and return the reaction to what has changed since the last look.

        Args:
            paths: absolute paths of the files to look at; None for all watched files.
        """
        if paths is None:
            before, after = self._marks, self._look(self._files())
            self._marks = after
            return self._react(before, after)
        names = self._names(paths)
        links = [path for path in paths if os.path.islink(path)]  # noqa: PTH114
        self._note_links(each for link in links for each in self._links.paths(link))
        before = {name: self._marks[name] for name in names if name in self._marks}
        after = self._look(names)
        self._marks = {name: mark for name, mark in self._marks.items() if name not in before} | after
        return self._react(before, after)

    def settle(self) -> None:
        """Note that everything was done that changes up to now needed."""
        self._before.clear()

    def is_undone(self) -> bool:
        """Return whether all files that changed since then are again what they were."""
        return all(self._marks.get(name, ABSENT) == mark for name, mark in self._before.items())

    def _react(self, before: Mapping[str, str], after: Mapping[str, str]) -> Reaction:
        for name in {*before, *after}:
            if before.get(name, ABSENT) != after.get(name, ABSENT):
                self._before.setdefault(name, before.get(name, ABSENT))
        return react(before, after, self.layout)

    def _look(self, names: Collection[str]) -> dict[str, str]:
        marks: dict[str, str] = {}
        self._written.clear()
        for name in names:
            needs = needs_of(name, self.layout)
            if needs:
                path = self._absolute(name) if name.startswith("..") else f"{self._root}/{name}"
                stamp = _stamp(path)
                if self._stamps.get(name, ()) != stamp:
                    self._written[name] = self._stamps.get(name, ())
                    self._stamps[name] = stamp
                mark = str(stamp or ABSENT) if needs == (Need.REFRESH,) else digest_file(path)
                if mark != ABSENT:
                    marks[name] = mark
        return marks

    def _files(self) -> set[str]:
        single = (*self.layout.settings, *self.layout.locks, *self.layout.migrations)
        found = {name for name in single if os.path.isfile(self._absolute(name))}  # noqa: PTH113
        for place, holds_code in self._places():
            if os.path.isfile(place):  # noqa: PTH113
                found.add(self._relative(place))
            for each in self._walk(place, follow=holds_code):
                found.update(self._relative(f"{each.folder}/{file}") for file in each.files)
                if holds_code and each.links:
                    self._note_links(f"{each.folder}/{file}" for file in each.links)
        return found

    def _places(self) -> Iterator[tuple[str, bool]]:
        """Yield the roots of the watched files, and whether they hold code: packages, modules, C, revisions, inputs."""
        for name in self.layout.packages:
            for ending in ("", ".py", ".pyx", ".pxd"):
                yield self._absolute(f"{name}{ending}"), True
        for name in self.layout.versions:
            yield self._absolute(name), False
        for name in self.layout.native:
            yield self._absolute(name), True
        for glob in (*self.layout.inputs, *self.layout.watched):
            yield self._absolute(glob_place(glob)), False

    def _walk(self, place: str, *, follow: bool) -> Iterator[Found]:
        return walk(place, self._enters, follow=follow)

    def _enters(self, folder: str, name: str) -> bool:
        return not (name in IGNORED_FOLDERS or name.startswith(".") or self._relative(folder) in self.layout.outputs)

    def _names(self, paths: Iterable[str]) -> set[str]:
        """Return the files at these absolute paths by each of their names, relative to the project."""
        return {self._relative(each) for path in paths for each in self._links.paths(path)}

    def _note_links(self, links: Iterable[str]) -> None:
        """Note if one of these links to files is new: where its target lies is not watched yet."""
        self.is_outgrown = self.is_outgrown or any(
            self._counts_as_code(link) and not self._links.knows(link) for link in links
        )

    def _code_links(self, found: Found) -> list[str]:
        return [name for name in found.links if self._counts_as_code(f"{found.folder}/{name}")]

    def _counts_as_code(self, path: str) -> bool:
        name = self._relative(path)
        return not _is_hidden(name) and bool(_READ & {*needs_of(name, self.layout)})

    def _absolute(self, name: str) -> str:
        return os.path.normpath(f"{self._root}/{name}")

    def _relative(self, path: str) -> str:
        inside = f"{self._root}/"
        return path[len(inside) :] if path.startswith(inside) else os.path.relpath(path, self._root)


def _is_hidden(name: str) -> bool:
    return os.path.basename(name).startswith(".")  # noqa: PTH119 - an editor's note beside the file it opens


def _stamp(path: str) -> tuple[int, ...]:
    """Return what differs once the file was written, or nothing where there is none."""
    try:
        state = os.stat(path)  # noqa: PTH116
    except OSError:
        return ()
    return state.st_size, state.st_mtime_ns, state.st_ctime_ns

"""One place where a project names something that an installed package may own."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal[
    "import",
    "optional",
    "type",
    "cimport",
    "distribution",
    "dialect",
    "usual",
    "feature",
    "points",
    "path",
    "word",
    "program",
    "loaded",
    "dynamic",
]
Role = Literal["runtime", "outside", "test", "tool"]


class Use(NamedTuple):
    """One use.

    Args:
        name: the module, dotted; for other kinds the word that stands there.
        kind: `import`; `optional` where a missing module is dealt with; `type` under `TYPE_CHECKING`; `cimport` of
            Cython; `distribution` a package asked for by its own name; `dialect` the driver in an address such as
            `mysql+aiomysql://`; `usual` one that an address without a driver may mean; `feature` a name of a framework
            that needs the module; `points` a group of entry points, all of which are loaded; `path` a dotted text;
            `word` a text of one word; `program` a word of a command; `loaded` a module that a run of the tests loaded;
            `dynamic` an import of what is not known: its name is how that begins.
        file: relative to the project.
        line: its line, from 1.
        members: what is imported from the module, each of which may be a module too.
        late: whether it stands in a function, so that to load the file does not need it.
    """

    name: str
    kind: Kind
    file: str
    line: int
    members: tuple[str, ...] = ()
    late: bool = False

    @property
    def place(self) -> str:
        """File and line; of what no file says, who needs it."""
        return f"{self.file}:{self.line}" if self.line else self.file

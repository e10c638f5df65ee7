"""What was found out about a project, for its checks in CI to be decided."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Session:
    """A session of Nox.

    Args:
        name: as `nox -s` takes it: `build-3.12`.
        python: the version of its Python; empty if it has none of its own.
    """

    name: str
    python: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """Where a project declares that it needs the suite.

    Args:
        extra: the extra that names it, empty if none does.
        group: the dependency group that names it, empty if none does.
        main: whether what is always needed names it.
        file: the file of requirements that names it, relative to the project; empty if none does.
        version: the version that runs now: installed where nothing names the suite.
    """

    extra: str = ""
    group: str = ""
    main: bool = False
    file: str = ""
    version: str = ""

    @property
    def is_declared(self) -> bool:
        """Whether installing the project in the right way brings it."""
        return bool(self.extra or self.group or self.main or self.file)


@dataclass(frozen=True, slots=True)
class Facts:
    """A project, as far as its checks depend on it.

    Args:
        branch: the branch that releases leave from.
        python: the version of the Python that runs Invoke and Nox.
        lock: the lock file, relative to the project; empty if there is none.
        suite: where the suite is declared.
        builds: the sessions that build and test the wheel, one for each Python.
        lint: the project's own session of that name, if it has one.
        migrations: the session that checks the migrations; none where there are no migrations.
        images: whether the project has images.
        folder: the project's folder within its repository, `/` between; empty where it is the repository.
        history: whether its version is made from the tags and commits of Git.
    """

    branch: str
    python: str
    lock: str
    suite: Suite
    builds: tuple[Session, ...]
    lint: Session | None = None
    migrations: Session | None = None
    images: bool = False
    folder: str = ""
    history: bool = False

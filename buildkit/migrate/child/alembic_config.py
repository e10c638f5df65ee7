"""Makes Alembic's configuration in the child, with everything that env.py finds in it under the `alembic` command."""

from __future__ import annotations

import inspect
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from buildkit.migrate.child import application, default_driver
from buildkit.migrate.settings import MigrationSettings

if TYPE_CHECKING:
    from alembic.config import Config

OLDEST = (1, 9)
"""The oldest Alembic that is supported."""

COMMANDS: dict[str, tuple[str, ...]] = {
    "upgrade": ("upgrade", "head"),
    "rehearse": ("upgrade", "head"),
    "look": ("upgrade", "head"),
    "adopt": ("stamp", "head"),
    "check": ("check",),
    "revision": ("revision", "--autogenerate"),
    "sql": ("upgrade", "head", "--sql"),
    "downgrade": ("downgrade", "base"),
    "revisions": ("history",),
    "locate": ("history",),
}
"""The arguments of `alembic` for each of the child's commands, since env.py may look at them."""


def set_up_process(command: str, settings: MigrationSettings) -> None:
    """Set `sys.argv` and `sys.path` as the `alembic` command has them.

    If no configuration says what comes first on the path, the project's folders do.
    """
    sys.argv[:] = [str(Path(sys.executable).with_name("alembic")), *COMMANDS[command]]
    sys.path[:0] = [str(folder) for folder in settings.paths if str(folder) not in sys.path[:1]]


def build(command: str, settings: MigrationSettings, url: str, found: Any) -> Config:  # noqa: ANN401
    """Return the configuration.

    Args:
        command: one of `COMMANDS`.
        settings: the project's migration settings.
        url: the database's URL in SQLAlchemy's form; empty for none.
        found: the project's application, which may carry a configuration of its own; None if there is none.
    """
    from alembic.config import Config  # noqa: PLC0415 - in the child alone

    config = None if found is None else application.configuration(found)
    if config is not None:
        _require_same_folder(config, settings)
    else:
        files: dict[str, Any] = {"toml_file": _present(settings.toml)} if _knows_toml() else {}
        config = Config(_present(settings.ini), **files)
    if command == "check":
        config.stdout = io.StringIO()  # it says that there is nothing to say
    typed = _typed(COMMANDS[command])
    for name, value in vars(config.cmd_opts).items() if config.cmd_opts is not None else ():
        setattr(typed, name, value)  # what the project's code has put there
    config.cmd_opts = typed
    for name, value in (
        ("sqlalchemy.url", default_driver.with_driver(url) if url else ""),
        ("script_location", str(settings.script_location)),
        ("metadata", settings.metadata),
    ):
        if value:
            config.set_main_option(name, value.replace("%", "%%"))
    if not _knows_toml() and settings.ini is None:
        _set_folders(config, settings)
    return config


def _require_same_folder(config: Config, settings: MigrationSettings) -> None:
    """Check that a configuration made in code names the folder whose revisions were read."""
    location = config.get_main_option("script_location")
    if not location or ":" in location or os.path.realpath(location) == os.path.realpath(settings.script_location):
        return
    raise application.NoApplication(
        f"it configures script_location {location!r}, while the files say {settings.script_location}"
    )


def _typed(words: Sequence[str]) -> Any:  # noqa: ANN401 - a namespace
    from alembic.config import CommandLine  # noqa: PLC0415

    return CommandLine(prog="alembic").parser.parse_args(list(words))


def _knows_toml() -> bool:
    from alembic.config import Config  # noqa: PLC0415

    return "toml_file" in inspect.signature(Config.__init__).parameters


def _set_folders(config: Config, settings: MigrationSettings) -> None:
    """Set the folders of revisions: an Alembic before 1.16 does not read [tool.alembic]."""
    config.set_main_option("version_locations", os.pathsep.join(map(str, settings.versions)).replace("%", "%%"))
    config.set_main_option("version_path_separator", "os")
    if settings.recursive:
        config.set_main_option("recursive_version_locations", "true")


def _present(path: Path | None) -> str | None:
    return str(path) if path is not None and path.is_file() else None


def require_usable() -> None:
    """Check that the installed Alembic is supported.

    Raises:
        UnusableAlembic: it is too old, or another package bears its name.
    """
    try:
        import alembic.config  # noqa: PLC0415
        from alembic import __version__ as version  # noqa: PLC0415
    except ImportError as error:
        import alembic as found  # noqa: PLC0415

        place = getattr(found, "__file__", None) or next(iter(found.__path__), "")
        raise UnusableAlembic(
            f"{error}; `alembic` is {place}", "that is not Alembic: let another name be its"
        ) from None
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise UnusableAlembic(f"Alembic {version} is too old", f"at least {wanted} is needed: alembic>={wanted}")


class UnusableAlembic(Exception):  # noqa: N818 - a fact; the supervisor words it
    """The installed Alembic is too old, or another package bears its name."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint

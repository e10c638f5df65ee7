"""The Nox door: `register()` adds the sessions `build`, `tests`, `migrations` and `image` to a noxfile.

    from buildkit.sessions import register

    register()

Importing this registers nothing, so a noxfile decides itself whether and under which names the sessions exist. They
call the same flows as the Invoke door, in Nox's own process; only what is installed and tested runs in the session's
environment. Nox does not put the noxfile's folder on the path: the suite must be installed beside it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from buildkit.config import Config, load
from buildkit.errors import BuildkitError, render
from buildkit.report.console import Console

if TYPE_CHECKING:
    import nox

    Use = Callable[[nox.Session, Config, Console], None]


def register(prefix: str = "") -> None:
    """Register the sessions for the project in the current folder, which is the noxfile's.

    Args:
        prefix: goes before each name, where a noxfile has sessions of the same names: `"service-"` gives
            `service-build`.

    If a setting is invalid, Nox ends with exit code 2 and a message.
    """
    try:
        config = load(Path.cwd(), os.environ)
    except BuildkitError as error:
        print(render(error), file=sys.stderr)  # noqa: T201 - Nox would show a traceback
        sys.exit(error.exit_code)
    _add(build, config, prefix, python=matrix(config), allow_parallel=True)
    _add(tests, config, prefix, python=[_running()])
    _add(migrations, config, prefix, python=False)
    _add(image, config, prefix, python=False, default=False)


def matrix(config: Config) -> list[str]:
    """Return the Pythons of `build`: the configured ones, else those of the classifiers, else the running one."""
    if config.nox.pythons:
        return list(config.nox.pythons)
    import nox.project

    try:
        return list(nox.project.python_versions(nox.project.load_toml(config.service_folder / "pyproject.toml")))
    except ValueError:
        return [_running()]


def build(session: nox.Session, config: Config, console: Console) -> None:
    """Build the wheel, install it in a clean environment, import every module and run the tests against it."""
    from buildkit.flows.installed import import_installed
    from buildkit.flows.wheel import build_wheel

    folder = config.work / "wheels" / str(session.python)
    wheel = build_wheel(config, console, os.environ, python=_interpreter(session), folder=folder)
    # A re-used environment may hold an older wheel of the same version.
    session.install("--force-reinstall", "--no-deps", str(wheel))
    session.install(str(wheel), *config.nox.requires)
    variables = {**os.environ, **{name: value for name, value in session.env.items() if value is not None}}
    import_installed(wheel, config, console, variables, python=_interpreter(session), folder=folder)
    _run_tests(session, config)


def tests(session: nox.Session, config: Config, console: Console) -> None:
    """Run the project's tests in the checkout, with its modules compiled in place."""
    from buildkit.flows.compile import compile_modules

    session.install("--editable", str(config.service_folder), *config.nox.requires)
    compile_modules(config, console, os.environ, python=_interpreter(session))
    _run_tests(session, config)


def migrations(session: nox.Session, config: Config, console: Console) -> None:
    """Check that the revisions lead to one head, that the models match it, and that they go up, down and up again."""
    from buildkit.db.development import find_programs
    from buildkit.flows import migrate, rehearse

    report = migrate.check_migrations(config, console, os.environ)
    console.result(report, migrate.lines(report))
    if find_programs(os.environ) is None:
        session.log("no round trip: there is no PostgreSQL to start")
        return
    report = rehearse.round_trip(config, console, os.environ)
    console.result(report, rehearse.lines(report))


def image(session: nox.Session, config: Config, console: Console) -> None:  # noqa: ARG001
    """Build the project's images."""
    from buildkit.flows.image import build_images, lines

    report = build_images(config, console, os.environ, required=True)
    console.result(report, lines(report))


def _add(use: Use, config: Config, prefix: str, **options: Any) -> None:  # noqa: ANN401 - Nox's own
    import nox

    def run(session: nox.Session) -> None:
        with _worded(session):
            use(session, config, Console(os.environ))

    run.__doc__ = use.__doc__
    nox.session(name=prefix + use.__name__, **options)(run)


@contextmanager
def _worded(session: nox.Session) -> Iterator[None]:
    """Turn a `BuildkitError` into a failed session with its message, without a traceback."""
    try:
        yield
    except BuildkitError as error:
        session.error(render(error))


def _run_tests(session: nox.Session, config: Config) -> None:
    if config.nox.tests:
        session.run(*config.nox.tests, *session.posargs, env=_with_fixture(session, config))
    else:
        session.log("no tests: [tool.buildkit.nox] names none")


def _with_fixture(session: nox.Session, config: Config) -> dict[str, str]:
    """Return the variables with which pytest has the fixture `buildkit_database_url`, in a Python without the suite."""
    import json

    from buildkit.doors import python
    from buildkit.testing import plugin

    def joined(name: str, word: str, separator: str) -> str:
        return separator.join(filter(None, (session.env.get(name) or os.environ.get(name), word)))

    return {
        "PYTHONPATH": joined("PYTHONPATH", str(Path(plugin.__file__).parent), os.pathsep),
        "PYTEST_PLUGINS": joined("PYTEST_PLUGINS", "buildkit_database", ","),
        "PYBUILDKIT_TESTING": json.dumps(python.module_command("buildkit.testing", str(config.root))),
    }


def _interpreter(session: nox.Session) -> Path:
    return Path(session.bin) / "python"


def _running() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"

"""The Invoke door: `from buildkit.tasks import ns` in a project's tasks.py.

Each task parses its flags, calls one flow and turns an error into an exit code. Flows are imported inside the tasks, so
that `invoke --list` loads none of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit

from buildkit.doors.signals import UNDOING
from buildkit.errors import BuildkitError, ConfigurationError, render
from buildkit.leaving import expect_signals, task

if TYPE_CHECKING:
    from buildkit.config import Config
    from buildkit.model import Report
    from buildkit.report.console import Console

_JSON = {"json": "print the result as one JSON object on stdout"}
_DRY = {"dry_run": "decide and say, change nothing (as does `invoke --dry`)"}
_INTERRUPTED, _TERMINATED, _HUNG_UP = 130, 143, 129

Flow = Callable[["Config", "Console", Mapping[str, str]], "Report"]


def _run(
    flow: Flow,
    lines: Callable[[Report], list[str]],
    *,
    known: Callable[[], Report | None] = lambda: None,
    environment: Mapping[str, str] = os.environ,
    json: bool = False,
    **flags: str,
) -> Report:
    """Run one flow for the project that the current folder is in and print its result; exit where it failed.

    Args:
        flow: what to run.
        lines: words its result.
        known: gives the result where it is known without.
        environment: the variables.
        json: print JSON.
        flags: values from the command line by key, `__` for the dot; an empty one was not given.
    """
    from buildkit.report.console import Console  # noqa: PLC0415

    console = Console(os.environ, as_json=json)
    try:
        report = known()
        if report is None:
            from buildkit.config import load  # noqa: PLC0415

            given = {name.replace("__", "."): value for name, value in flags.items() if value}
            report = flow(load(Path.cwd(), environment, given), console, environment)
        console.result(report, lines(report))
    except BuildkitError as error:
        if error.report is not None:
            console.result(error.report, lines(error.report))
        raise Exit(render(error), error.exit_code) from None
    return report


def _dry(context: Context, dry_run: bool = False) -> bool:
    """Return whether nothing may be written: children that load the project's code leave no bytecode either."""
    dry = dry_run or bool(context.config.run.dry)
    if dry:
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    return dry


def _no_dry(context: Context, name: str) -> None:
    """End a command that cannot say what it would do without doing it."""
    if _dry(context):
        error = ConfigurationError(f"{name} has no dry run, so nothing was done", hint="run it without --dry")
        raise Exit(render(error), error.exit_code)


@task(
    help={
        "profile": "dev (fastest to import) or release (fastest to run)",
        "explain": "name every module with the reason, also where nothing was to do",
        "jobs": "compilers at once; auto takes as many as there are cores",
        "no_cache": "make all anew, without what earlier builds made",
        "clean": "delete every extension that the suite made here",
        **_DRY,
        **_JSON,
    }
)
def compile(  # noqa: A001 - the name that users type
    context: Context,
    profile: str = "",
    explain: bool = False,
    dry_run: bool = False,
    json: bool = False,
    jobs: str = "",
    no_cache: bool = False,
    clean: bool = False,
) -> None:
    """Compile what changed to extension modules."""
    from buildkit.extensions.up_to_date import UpToDateCheck  # noqa: PLC0415
    from buildkit.flows import compile as flow  # noqa: PLC0415

    check = UpToDateCheck(Path.cwd(), os.environ, profile)
    plain = not (explain or clean or no_cache or jobs or _dry(context, dry_run))

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.compile_modules(
            config,
            console,
            environment,
            dry_run=_dry(context, dry_run),
            explain=explain,
            cache=not no_cache,
            clean=clean,
            check=check,
        )

    def known() -> Report | None:
        return flow.known(check) if plain else None

    environment = check.environment
    flags = {"compile__profile": profile, "compile__jobs": jobs}
    _run(run, flow.lines, known=known, environment=environment, json=json, **flags)


@task(
    help={"require": "name a step that must not be skipped: image", **_DRY, **_JSON},
)
def build(context: Context, require: str = "", dry_run: bool = False, json: bool = False) -> None:
    """Build it all: compile, data, migration check, images."""
    from buildkit.flows import build as flow  # noqa: PLC0415

    if require not in {"", "image"}:
        raise Exit(f"error: --require {require}: only an image can be required", ConfigurationError.exit_code)

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.build(
            config, console, environment, require_image=require == "image", dry_run=_dry(context, dry_run)
        )

    _run(run, flow.lines, json=json)


@task(undoing=UNDOING, help=_DRY)
def dev(context: Context, dry_run: bool = False) -> None:
    """Build, start the service, and rebuild and restart it on save."""
    from buildkit.flows import dev as flow  # noqa: PLC0415

    if _dry(context, dry_run):
        _run(flow.foretell, flow.lines)
        return
    report = _run(flow.run_dev, flow.lines)
    ended_by = report.facts["ended-by"]
    if ended_by == "SIGTERM":
        raise Exit(code=_TERMINATED)
    if ended_by == "SIGHUP":
        raise Exit(code=_HUNG_UP)
    if not report.outcomes:  # Ctrl-C is how the loop ends, but it had not begun
        raise Exit(code=_INTERRUPTED)


@task(
    default=True,
    iterable=["name"],
    help={
        "name": "an image of the project; may be given again; all of them if left out",
        "require": "a missing Docker Engine is an error, as it is in CI",
        **_DRY,
        **_JSON,
    },
)
def image(context: Context, name: list[str], require: bool = False, dry_run: bool = False, json: bool = False) -> None:
    """Build the images of the service."""
    from buildkit.flows import image as flow  # noqa: PLC0415

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.build_images(
            config, console, environment, names=tuple(name), required=require, dry_run=_dry(context, dry_run)
        )

    _run(run, flow.lines, json=json)


@task(name="test", iterable=["name"], help={"name": "an image of the project; all of them if left out", **_JSON})
def image_test(context: Context, name: list[str], json: bool = False) -> None:
    """Run the project's tests on what the build stage made."""
    from buildkit.flows import image_tests as flow  # noqa: PLC0415

    _no_dry(context, "image.test")

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.run_tests(config, console, environment, names=tuple(name))

    _run(run, flow.lines, json=json)


@task(name="check", iterable=["name"], help={"name": "an image of the project; all of them if left out", **_JSON})
def image_check(_context: Context, name: list[str], json: bool = False) -> None:
    """Say of each point of the arrangement whether it holds: image, entrypoint, compose file, volume, data."""
    from buildkit.flows import image_check as flow  # noqa: PLC0415

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.check_images(config, console, environment, names=tuple(name))

    _run(run, flow.lines, json=json)


@task(default=True, help={"force": "make every stage", **_DRY, **_JSON})
def refresh(context: Context, force: bool = False, dry_run: bool = False, json: bool = False) -> None:
    """Bring the data up to date: run the stages whose inputs changed."""
    from buildkit.flows import data as flow  # noqa: PLC0415

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.refresh_data(config, console, environment, dry_run=_dry(context, dry_run), force=force)

    _run(run, flow.lines, json=json)


@task(name="status", help=_JSON)
def data_status(context: Context, json: bool = False) -> None:
    """Say which stages are due, and why."""
    from buildkit.flows import data as flow  # noqa: PLC0415

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.data_status(config, console, environment, dry_run=_dry(context))

    _run(run, flow.lines, json=json)


@task(name="verify", help={"deep": "read every byte", **_JSON})
def data_verify(context: Context, deep: bool = False, json: bool = False) -> None:
    """Compare the data with its manifest."""
    from buildkit.flows import data as flow  # noqa: PLC0415

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.verify_data(config, console, environment, deep=deep, dry_run=_dry(context))

    _run(run, flow.lines, json=json)


@task(name="clear", help={**_DRY, **_JSON})
def data_clear(context: Context, dry_run: bool = False, json: bool = False) -> None:
    """Delete the data."""
    from buildkit.flows import data as flow  # noqa: PLC0415

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.clear_data(config, console, environment, dry_run=_dry(context, dry_run))

    _run(run, flow.lines, json=json)


@task(name="push", help={"to": "registry/name:tag; data.artifact where left out", **_JSON})
def data_push(context: Context, to: str = "", json: bool = False) -> None:
    """Publish the data in a registry, so that other hosts need not make it."""
    from buildkit.flows import data as flow  # noqa: PLC0415

    _no_dry(context, "data.push")

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.push_data(config, console, environment, to=to)

    _run(run, flow.lines, json=json)


@task(name="pull", help={"source": "registry/name:tag or …@sha256:…; data.artifact where left out", **_JSON})
def data_pull(context: Context, source: str = "", json: bool = False) -> None:
    """Fetch published data and switch to it."""
    from buildkit.flows import data as flow  # noqa: PLC0415

    _no_dry(context, "data.pull")

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.pull_data(config, console, environment, source=source)

    _run(run, flow.lines, json=json)


_LIMITS = {
    "size": "most bytes that stay, such as 1GB; 0 for no limit; store.size where left out",
    "age": "time since the last use after which an entry goes, such as 7d; 0 for never; store.age where left out",
}


@task(name="stats", default=True, help=_JSON)
def cache_stats(_context: Context, json: bool = False) -> None:
    """Say what the store holds."""
    from buildkit.flows import cache as flow  # noqa: PLC0415

    _run(flow.stats, flow.lines, json=json)


@task(name="verify", help={**_DRY, **_JSON})
def cache_verify(context: Context, dry_run: bool = False, json: bool = False) -> None:
    """Read every entry of the store and delete those that are bad."""
    from buildkit.flows import cache as flow  # noqa: PLC0415

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.verify_store(config, console, environment, dry_run=_dry(context, dry_run))

    _run(run, flow.lines, json=json)


@task(name="prune", help={**_LIMITS, **_DRY, **_JSON})
def cache_prune(context: Context, size: str = "", age: str = "", dry_run: bool = False, json: bool = False) -> None:
    """Delete from the store what was not used for long, least recently used first."""
    from buildkit.flows import cache as flow  # noqa: PLC0415

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.prune_store(config, console, environment, dry_run=_dry(context, dry_run))

    _run(run, flow.lines, json=json, store__size=size, store__age=age)


@task(name="clean", help={**_DRY, **_JSON})
def cache_clean(context: Context, dry_run: bool = False, json: bool = False) -> None:
    """Delete everything in the store."""
    from buildkit.flows import cache as flow  # noqa: PLC0415

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.clean_store(config, console, environment, dry_run=_dry(context, dry_run))

    _run(run, flow.lines, json=json)


@task(
    name="pack",
    positional=["file"],
    help={"file": "the archive", "all": "all that the store holds, not what this project uses alone", **_JSON},
)
def cache_pack(context: Context, file: str, all: bool = False, json: bool = False) -> None:  # noqa: A002
    """Write what this project uses of the store to one archive."""
    from buildkit.flows import cache as flow  # noqa: PLC0415

    _no_dry(context, "cache.pack")

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.pack(config, console, environment, file=Path(file).absolute(), everything=all)

    _run(run, flow.lines, json=json)


@task(name="unpack", positional=["file"], help={"file": "the archive", **_JSON})
def cache_unpack(context: Context, file: str, json: bool = False) -> None:
    """Put what an archive has into the store."""
    from buildkit.flows import cache as flow  # noqa: PLC0415

    _no_dry(context, "cache.unpack")

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.unpack(config, console, environment, file=Path(file).absolute())

    _run(run, flow.lines, json=json)


@task(default=True, help={**_DRY, **_JSON})
def migrate(context: Context, dry_run: bool = False, json: bool = False) -> None:
    """Bring the database to the one head."""
    from buildkit.flows import migrate as flow  # noqa: PLC0415

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.migrate(config, console, environment, dry_run=_dry(context, dry_run))

    _run(run, flow.lines, json=json)


@task(name="status", help=_JSON)
def migrate_status(context: Context, json: bool = False) -> None:
    """Say which revisions are pending."""
    from buildkit.flows import migrate as flow  # noqa: PLC0415

    _dry(context)
    _run(flow.migration_status, flow.lines, json=json)


@task(
    name="check",
    help={
        "graph": "the files alone, without a database",
        "onto": "as they will be after a merge with this branch, such as origin/main; the files alone",
        **_JSON,
    },
)
def migrate_check(context: Context, graph: bool = False, onto: str = "", json: bool = False) -> None:
    """Check for one head, and that the models are as it leaves the database."""
    from buildkit.flows import migrate as flow  # noqa: PLC0415

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        if graph or onto:
            return flow.check_graph(config, console, environment, onto=onto)
        return flow.check_migrations(config, console, environment, start=not _dry(context))

    _run(run, flow.lines, json=json)


@task(name="sql", help={"revision": "this one, pending or not; the pending ones if left out", **_JSON})
def migrate_sql(context: Context, revision: str = "", json: bool = False) -> None:
    """Print the SQL of the pending revisions."""
    from buildkit.flows import rehearse as flow  # noqa: PLC0415

    dry = _dry(context)

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.migration_sql(config, console, environment, revision=revision, dry_run=dry)

    _run(run, flow.sql_lines, json=json)


@task(
    undoing=UNDOING,
    name="rehearse",
    help={
        "rows": "copy the rows too, so that the times are real",
        "round_trip": "take an empty database up, down and up again instead",
        **_JSON,
    },
)
def migrate_rehearse(context: Context, rows: bool = False, round_trip: bool = False, json: bool = False) -> None:
    """Run the pending revisions on a throw-away copy, and report what they lock."""
    from buildkit.flows import rehearse as flow  # noqa: PLC0415

    _no_dry(context, "migrate.rehearse")

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        if round_trip:
            return flow.round_trip(config, console, environment)
        return flow.rehearse(config, console, environment, rows=rows)

    _run(run, flow.lines, json=json)


@task(
    name="adopt",
    help={"revision": "what the tables are at: an id, head, or base where they are those of others", **_JSON},
)
def migrate_adopt(context: Context, revision: str = "", json: bool = False) -> None:
    """Write down at which revision a database with tables is; without a revision, show what there is."""
    from buildkit.flows import adopt as flow  # noqa: PLC0415

    named = "" if _dry(context) else revision

    def run(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
        return flow.adopt_database(config, console, environment, revision=named)

    _run(run, flow.lines, json=json)


ns = Collection(
    build,
    compile,
    dev,
    Collection("image", image, image_test, image_check),
    Collection("cache", cache_stats, cache_verify, cache_prune, cache_clean, cache_pack, cache_unpack),
    Collection("data", refresh, data_status, data_verify, data_clear, data_push, data_pull),
    Collection("migrate", migrate, migrate_status, migrate_check, migrate_sql, migrate_rehearse, migrate_adopt),
)

expect_signals({*ns.task_names} | {*ns.collections})

# Invoke turns bytecode off for the whole process, to keep it out of the folders with tasks; the flows, which are
# imported after this, would be compiled anew at every call.
sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in os.environ

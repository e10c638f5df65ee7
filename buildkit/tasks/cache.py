"""Tasks of the store of what was made: `invoke cache`, `cache.prune` and their kin."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from invoke.collection import Collection
from invoke.context import Context

from buildkit.tasks.exits import task
from buildkit.tasks.running import DRY, JSON, is_dry, refuse_dry, run

_LIMITS = {
    "size": "most bytes that stay, such as 1GB; 0 for no limit; store.size where left out",
    "age": "time since the last use after which an entry goes, such as 7d; 0 for never; store.age where left out",
}


@task(default=True, help=JSON)
def stats(_context: Context, json: bool = False) -> None:
    """Say what the store holds."""
    from buildkit.flows import cache as flow  # noqa: PLC0415

    run(flow.stats, flow.lines, json=json)


@task(help={**DRY, **JSON})
def verify(context: Context, dry_run: bool = False, json: bool = False) -> None:
    """Read every entry of the store and delete those that are bad."""
    from buildkit.flows import cache as flow  # noqa: PLC0415

    run(partial(flow.verify_store, dry_run=is_dry(context, dry_run)), flow.lines, json=json)


@task(help={**_LIMITS, **DRY, **JSON})
def prune(context: Context, size: str = "", age: str = "", dry_run: bool = False, json: bool = False) -> None:
    """Delete from the store what was not used for long, least recently used first."""
    from buildkit.flows import cache as flow  # noqa: PLC0415

    run(
        partial(flow.prune_store, dry_run=is_dry(context, dry_run)),
        flow.lines,
        json=json,
        store__size=size,
        store__age=age,
    )


@task(help={**DRY, **JSON})
def clean(context: Context, dry_run: bool = False, json: bool = False) -> None:
    """Delete everything in the store."""
    from buildkit.flows import cache as flow  # noqa: PLC0415

    run(partial(flow.clean_store, dry_run=is_dry(context, dry_run)), flow.lines, json=json)


@task(
    positional=["file"],
    help={"file": "the archive", "all": "all that the store holds, not what this project uses alone", **JSON},
)
def pack(context: Context, file: str, all: bool = False, json: bool = False) -> None:  # noqa: A002
    """Write what this project uses of the store to one archive."""
    from buildkit.flows import cache as flow  # noqa: PLC0415

    refuse_dry(context, "cache.pack")

    run(partial(flow.pack, file=Path(file).absolute(), everything=all), flow.lines, json=json)


@task(positional=["file"], help={"file": "the archive", **JSON})
def unpack(context: Context, file: str, json: bool = False) -> None:
    """Put what an archive has into the store."""
    from buildkit.flows import cache as flow  # noqa: PLC0415

    refuse_dry(context, "cache.unpack")

    run(partial(flow.unpack, file=Path(file).absolute()), flow.lines, json=json)


ns = Collection("cache", stats, verify, prune, clean, pack, unpack)

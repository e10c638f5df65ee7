"""Tasks of the release: `invoke release.workflows`."""

from __future__ import annotations

from functools import partial

from invoke.collection import Collection
from invoke.context import Context

from buildkit.tasks.exits import task
from buildkit.tasks.running import DRY, JSON, is_dry, run


@task(
    name="workflows",
    help={
        "host": "github or gitlab; if left out, the one whose files are there, else github",
        "check": "write nothing; end with 2 where a file is not what the settings say",
        "force": "write in the place of an edited file too, and keep that one as .original",
        **DRY,
        **JSON,
    },
)
def write_workflows(
    context: Context,
    host: str = "",
    check: bool = False,
    force: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Write the files by which GitHub or GitLab checks the project."""
    from buildkit.flows import workflows as flow  # noqa: PLC0415

    dry = is_dry(context, dry_run)
    run(
        partial(flow.write_workflows, host=host, check=check, force=force, dry_run=dry),
        flow.lines,
        json=json,
    )


ns = Collection("release", write_workflows)

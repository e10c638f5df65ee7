"""Tasks of the images: `invoke image`, `image.test`, `image.check`, `image.context`, `image.audit`, `image.memory`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from invoke.collection import Collection
from invoke.context import Context

from buildkit.tasks.exits import task
from buildkit.tasks.running import DRY, JSON, is_dry, refuse_dry, run


@task(
    default=True,
    iterable=["name"],
    help={
        "name": "an image of the project; may be given again; all of them if left out",
        "require": "a missing Docker Engine is an error, as it is in CI",
        "pull": "look for newer bases",
        **DRY,
        **JSON,
    },
)
def image(
    context: Context,
    name: list[str],
    require: bool = False,
    pull: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Build the images of the service."""
    from buildkit.flows import image as flow  # noqa: PLC0415

    run(
        partial(flow.build_images, names=tuple(name), required=require, dry_run=is_dry(context, dry_run), pull=pull),
        flow.lines,
        json=json,
    )


@task(name="test", iterable=["name"], help={"name": "an image of the project; all of them if left out", **JSON})
def run_tests(context: Context, name: list[str], json: bool = False) -> None:
    """Run the project's tests on what the build stage made."""
    from buildkit.flows import image_tests as flow  # noqa: PLC0415

    refuse_dry(context, "image.test")

    run(partial(flow.run_tests, names=tuple(name)), flow.lines, json=json)


@task(iterable=["name"], help={"name": "an image of the project; all of them if left out", **JSON})
def check(_context: Context, name: list[str], json: bool = False) -> None:
    """Check image, entrypoint, compose file, volume and data, and report each point."""
    from buildkit.flows import image_check as flow  # noqa: PLC0415

    run(partial(flow.check_images, names=tuple(name)), flow.lines, json=json)


@task(
    name="context",
    iterable=["name"],
    help={
        "name": "an image of the project; all of them if left out",
        "write": "write the proposed .dockerignore, and keep the former one as .dockerignore.original",
        **JSON,
    },
)
def explain_context(context: Context, name: list[str], write: bool = False, json: bool = False) -> None:
    """Show what an image build is sent, by which rule, and what is wrong with the rules."""
    from buildkit.flows import image_context as flow  # noqa: PLC0415

    run(
        partial(flow.explain_context, names=tuple(name), write=write, dry_run=is_dry(context)),
        flow.lines,
        json=json,
    )


@task(
    iterable=["name"],
    help={
        "name": "an image of the project; all of them if left out",
        "since": "the image to compare with; the one of the same name before it if left out",
        "picture": "write a picture of whose the bytes are to this file, such as image.svg",
        **JSON,
    },
)
def audit(context: Context, name: list[str], since: str = "", picture: str = "", json: bool = False) -> None:
    """Show what an image weighs, whose each byte is, what has grown, and what would not load in it."""
    from buildkit.flows import image_audit as flow  # noqa: PLC0415
    from buildkit.flows import image_audit_lines as shown  # noqa: PLC0415

    refuse_dry(context, "image.audit")

    run(partial(flow.audit_images, names=tuple(name), since=since, picture=picture), shown.lines, json=json)


@task(
    iterable=["name", "off"],
    help={
        "name": "an image of the project; all of them if left out",
        "tries": "say which packages hold the memory, and measure each way to take less",
        "off": "one more way: a variable that switches a feature off, as SCHEDULER=0",
        **JSON,
    },
)
def memory(context: Context, name: list[str], off: list[str], tries: bool = False, json: bool = False) -> None:
    """Measure what memory the service of an image takes, and hold it against its budget."""
    from buildkit.flows import image_memory as flow  # noqa: PLC0415

    refuse_dry(context, "image.memory")

    measure = partial(flow.measure_images, names=tuple(name), tries=tries, off=tuple(off))
    run(measure, flow.lines, json=json)


_ARCHIVE = {"file": "the archive", "name": "the image; the only one if left out", **JSON}


@task(positional=["file"], help=_ARCHIVE)
def pack(context: Context, file: str, name: str = "", json: bool = False) -> None:
    """Write what the builder has compiled for this project to one archive."""
    from buildkit.flows import image_store as flow  # noqa: PLC0415

    refuse_dry(context, "image.pack")

    run(partial(flow.pack, file=Path(file).absolute(), name=name), flow.lines, json=json)


@task(positional=["file"], help=_ARCHIVE)
def unpack(context: Context, file: str, name: str = "", json: bool = False) -> None:
    """Put what an archive has into the store of the builder."""
    from buildkit.flows import image_store as flow  # noqa: PLC0415

    refuse_dry(context, "image.unpack")

    run(partial(flow.unpack, file=Path(file).absolute(), name=name), flow.lines, json=json)


@task(
    iterable=["name"],
    help={
        "name": "an image of the project; all of them if left out",
        "to": "the registry, with what stands before the image's name there: registry.example.org/team",
        "tag": "the tag in place of the commit's",
        "no-sbom": "send no list of what is in the image",
        "latest": "auto moves it to a later commit and never back; never leaves it; move moves it",
        **DRY,
        **JSON,
    },
)
def push(
    context: Context,
    name: list[str],
    to: str = "",
    tag: str = "",
    latest: str = "auto",
    no_sbom: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Bring the images up to date and send them to a registry, by commit and as latest."""
    from buildkit.flows import image_push as flow  # noqa: PLC0415

    asked = flow.Asked(to, tag, latest, sbom=not no_sbom)
    run(
        partial(flow.push_images, names=tuple(name), asked=asked, dry_run=is_dry(context, dry_run)),
        flow.lines,
        json=json,
    )


@task(
    name="save",
    iterable=["name"],
    help={
        "name": "an image of the project that the builder oci makes; the only one if left out",
        "output": "the file",
        **JSON,
    },
)
def save_image(context: Context, name: list[str], output: str = "", json: bool = False) -> None:
    """Write an image that was built without an engine as a tar for `docker image load`."""
    from buildkit.flows import image_save as flow  # noqa: PLC0415

    refuse_dry(context, "image.save")

    run(partial(flow.save_image, names=tuple(name), output=output), flow.lines, json=json)


@task(
    iterable=["name"],
    help={
        "name": "an image of the project; all of them if left out",
        "memory": "import what may go, each in a process of its own, to see what memory that takes",
        "trace": "run the project's tests, and count what they load as used from then on",
        "prove": "import the modules and run the tests in an environment without what may go",
        **JSON,
    },
)
def deps(
    context: Context,
    name: list[str],
    memory: bool = True,
    trace: bool = False,
    prove: bool = False,
    json: bool = False,
) -> None:
    """Show which declared packages an image needs, which it does not, what is not declared, and what each costs."""
    from buildkit.flows import image_deps as flow  # noqa: PLC0415
    from buildkit.flows import image_deps_report as shown  # noqa: PLC0415

    refuse_dry(context, "image.deps")

    run(partial(flow.examine, names=tuple(name), measure=memory, trace=trace, prove=prove), shown.lines, json=json)


@task(iterable=["name"], help={"name": "an image of the project; all of them if left out", **JSON})
def reproduce(context: Context, name: list[str], json: bool = False) -> None:
    """Build the images a second time from nothing, and name each file that differs with its cause."""
    from buildkit.flows import image_reproduce as flow  # noqa: PLC0415

    refuse_dry(context, "image.reproduce")

    run(partial(flow.reproduce_images, names=tuple(name)), flow.lines, json=json)


@task(
    iterable=["name", "base"],
    help={
        "name": "an image of the project; all of them if left out",
        "base": "slim, alpine, distroless or own, the first three also with bases: slim=RUNTIME or slim=RUNTIME,BUILD; "
        "all four if left out",
        "dry-run": "tell from the lock, build nothing (as does `invoke --dry`)",
        **JSON,
    },
)
def variants(context: Context, name: list[str], base: list[str], dry_run: bool = False, json: bool = False) -> None:
    """Tell what an image could stand on, build it there and measure: slim, alpine, distroless, own base."""
    from buildkit.flows import image_variants as flow  # noqa: PLC0415
    from buildkit.flows import image_variants_lines as shown  # noqa: PLC0415

    run(
        partial(flow.compare_variants, names=tuple(name), given=tuple(base), dry_run=is_dry(context, dry_run)),
        shown.lines,
        json=json,
    )


ns = Collection(
    "image",
    image,
    run_tests,
    check,
    explain_context,
    audit,
    deps,
    variants,
    memory,
    push,
    save_image,
    reproduce,
    pack,
    unpack,
)

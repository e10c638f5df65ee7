"""What is said of an image before it is built: what it will lack, and what is left out of it."""

from __future__ import annotations

from buildkit.config import Config, ImageConfig
from buildkit.flows.image_inputs import gates_of, wants_health_check
from buildkit.flows.image_own import idle_settings, own_of
from buildkit.image import own
from buildkit.image.context import Context

_MOST_NAMED = 5


def said_of_health(name: str, settings: ImageConfig) -> tuple[str, ...]:
    """Return a line for an image that gets no health check though nobody said so."""
    if settings.dockerfile or wants_health_check(settings) is not None:
        return ()
    why = f"image {name}: no health check, as {settings.command[0]} is no HTTP server that is known here"
    return (f'{why}; health = "/health", "file:/tmp/alive" or a command gives it one, health = "" says so',)


def said_of_withheld(config: Config, name: str, context: Context) -> tuple[str, ...]:
    """Return a line that names what lies among the sources and is kept out as a secret: a service may miss it."""
    source = config.source.relative_to(config.root).as_posix()
    inside = "" if source == "." else f"{source}/"
    packages = tuple(f"{inside}{package.replace('.', '/')}/" for package in config.packages) or (inside,)
    missed = context.withheld_in(packages)
    if not missed or config.image[name].dockerfile:
        return ()
    more = f" and {len(missed) - _MOST_NAMED} more" if len(missed) > _MOST_NAMED else ""
    kept_out = f"kept out as secrets: {', '.join(missed[:_MOST_NAMED])}{more}"
    return (f"image {name}: {kept_out}; to bring one in, name it in .dockerignore: !{missed[0]}",)


def said_of_own(config: Config, name: str) -> tuple[str, ...]:
    """Return what is left out, by the project's own Dockerfile or of it, and what is found in its text."""
    from buildkit.flows.image_review import said_of_other, said_of_review  # noqa: PLC0415 - it is slow to load

    file = own_of(config, name)
    if file is None:
        return tuple(said_of_other(config, name))
    settings = config.image[name]
    idle = idle_settings(settings, takes=file.takes_suite)
    left_out = own.said(name, settings.dockerfile, idle, gates_of(config), takes=file.takes_suite)
    return (*left_out, *said_of_review(config, name))

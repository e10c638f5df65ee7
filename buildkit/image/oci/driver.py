"""The database driver of the migration gate in an image that is built without an engine; see `image.driver`."""

from __future__ import annotations

from collections.abc import Iterable

from buildkit.dependencies.installation import Files
from buildkit.image.oci import nodes
from buildkit.image.oci.nodes import Node
from buildkit.image.oci.target import Target
from buildkit.image.oci.wheel import VENV, Wheel
from buildkit.image.requirements import installed_version

DRIVER = "opt/driver"
_OLDEST = "3.1"
_WITHOUT_TYPING_EXTENSIONS = 13
"""The minor version of Python from which psycopg needs no `typing_extensions`."""


def missing(wheels: Iterable[Wheel], target: Target) -> Files:
    """Return what is to be installed for the gate; nothing where the service has all.

    Args:
        wheels: those of the service.
        target: the Python that they are for.
    """
    have = {each.name: each.version for each in wheels}
    if "psycopg-binary" in have:
        return Files("")
    if "psycopg" in have:
        return Files(f"psycopg-binary=={have['psycopg']}\n", options="--no-deps")
    found = installed_version("psycopg")
    wanted = [f"{name}=={found}" if found else f"{name}>={_OLDEST}" for name in ("psycopg", "psycopg-binary")]
    if int(target.python.rstrip("t").split(".")[1]) < _WITHOUT_TYPING_EXTENSIONS:
        version = installed_version("typing-extensions")
        wanted.append(f"typing-extensions=={version}" if version else "typing-extensions")
    return Files("".join(f"{line}\n" for line in wanted), options="--no-deps")


def last_on_path(target: Target) -> dict[str, Node]:
    """Return the file that lets Python search the driver's folder behind all else."""
    return {f"{VENV}/{target.site}/zz-buildkit-driver.pth": nodes.text(f"/{DRIVER}\n")}

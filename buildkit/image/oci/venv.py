"""The virtual environment of an image, as `python -m venv --without-pip /opt/venv` makes it in the base."""

from __future__ import annotations

from buildkit.image.oci import nodes
from buildkit.image.oci.nodes import Node
from buildkit.image.oci.target import Target
from buildkit.image.oci.wheel import VENV


def environment(target: Target) -> dict[str, Node]:
    """Return its files; scripts that activate it in a shell are left out, as nothing in a container does.

    See the documentation of `venv` for pyvenv.cfg.
    """
    folder = target.program.rpartition("/")[0]
    python = target.python.rstrip("t")
    settings = (
        f"home = {folder}\ninclude-system-site-packages = false\nversion = {target.version}\n"
        f"executable = {folder}/python{target.python}\ncommand = {target.program} -m venv --without-pip /{VENV}\n"
    )
    return {
        f"{VENV}/pyvenv.cfg": nodes.text(settings),
        f"{VENV}/bin/python": nodes.link("python3"),
        f"{VENV}/bin/python3": nodes.link(target.program),
        f"{VENV}/bin/python{python}": nodes.link("python3"),
        f"{VENV}/lib64": nodes.link("lib"),
        f"{VENV}/{target.site}": nodes.folder(),
        f"{VENV}/include": nodes.folder(),
        f"{VENV}/include/python{python}": nodes.folder(),
    }

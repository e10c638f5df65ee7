"""The Python that an image runs: which wheels fit it, and what markers mean there."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from buildkit.errors import ImageError
from buildkit.image.oci.base import Base

_MACHINES = {
    "amd64": "x86_64",
    "arm64": "aarch64",
    "386": "i686",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
    "riscv64": "riscv64",
}
"""How Python calls the processors of the Open Container Initiative."""

_OLDEST = {"x86_64": 5, "i686": 5}
"""The oldest glibc 2.x that wheels for a processor may name (PEP 600); 17 for all others."""

_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_OLDEST_PYTHON = 10


@dataclass(frozen=True, slots=True)
class Target:
    """A Python in an image.

    Args:
        python: its version with one dot, such as `3.13`.
        version: its whole version.
        program: its path in the base.
        machine: the processor, as Python calls it.
        libc: `glibc` or `musl`.
        release: the version of the C library with one dot.
    """

    python: str
    version: str
    program: str
    machine: str
    libc: str
    release: str

    @property
    def tag(self) -> str:
        """What wheels call it: `cp313`."""
        return f"cp{self.python.replace('.', '')}"

    @property
    def suffix(self) -> str:
        """The ending of an extension's name."""
        kind = "gnu" if self.libc == "glibc" else "musl"
        machine = "i386" if self.machine == "i686" else self.machine
        return f".cpython-{self.python.replace('.', '')}-{machine}-linux-{kind}.so"

    @property
    def site(self) -> str:
        """The folder of a virtual environment that packages go to."""
        return f"lib/python{self.python.rstrip('t')}/site-packages"

    @property
    def is_of_this_machine(self) -> bool:
        """Whether programs for it run here, as far as the processor and the kind of system say."""
        import platform  # noqa: PLC0415 - a build that finds nothing changed does without

        return sys.platform == "linux" and platform.machine() == self.machine and self.libc == _libc_here()

    def platforms(self) -> Iterator[str]:
        """Yield the platform tags of wheels that run there, the best first (PEP 600, PEP 656)."""
        major, minor = (int(part) for part in self.release.split("."))
        if self.libc == "musl":
            yield from (f"musllinux_{major}_{each}_{self.machine}" for each in range(minor, -1, -1))
        else:
            for each in range(minor, _OLDEST.get(self.machine, 17) - 1, -1):
                yield f"manylinux_{major}_{each}_{self.machine}"
                if each in _LEGACY:
                    yield f"{_LEGACY[each]}_{self.machine}"
        yield f"linux_{self.machine}"

    def facts(self) -> Mapping[str, str]:
        """Return the variables of markers (PEP 508)."""
        return {
            "implementation_name": "cpython",
            "implementation_version": self.version,
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": self.version,
            "python_version": self.python.rstrip("t"),
            "sys_platform": "linux",
        }


def target_of(base: Base) -> Target:
    """Return the Python of a base.

    Raises:
        ImageError: it has none that the suite knows, or no C library.
    """
    ground = base.ground
    if not ground.python or not ground.libc:
        lacks = "no Python 3" if not ground.python else "no C library that is known"
        raise ImageError(
            f"the base {base.name} has {lacks}", hint='name one with Python: engine.python-slim = "python:3.13-slim"'
        )
    if int(ground.python.rstrip("t").split(".")[1]) < _OLDEST_PYTHON:
        raise ImageError(f"the base {base.name} has Python {ground.python}", hint="the suite needs 3.10 or newer")
    machine = _MACHINES.get(base.architecture)
    if machine is None:
        raise ImageError(
            f"the base {base.name} is for {base.architecture}, which is not known here",
            hint=f"known are {', '.join(_MACHINES)}",
        )
    version = _variable(base, "PYTHON_VERSION") or ground.version or f"{ground.python}.0"
    return Target(ground.python, version, ground.program, machine, ground.libc, ground.release)


def architecture_here() -> str:
    """Return this machine's processor, as the Open Container Initiative names it."""
    import platform  # noqa: PLC0415 - as above

    here = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    return next((name for name, machine in _MACHINES.items() if machine == here), here)


def _variable(base: Base, name: str) -> str:
    rows = (str(row).partition("=") for row in (base.configuration.get("config") or {}).get("Env") or ())
    found = next((value for key, _, value in rows if key == name), "")
    return found if found.startswith(f"{base.ground.python.rstrip('t')}.") else ""


def _libc_here() -> str:
    import platform  # noqa: PLC0415 - as above

    return "glibc" if platform.libc_ver()[0] == "glibc" else "musl"

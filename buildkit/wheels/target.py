"""The Python that a wheel is for: its tag, and the suffix of its extensions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from buildkit.doors.process import Runner, run
from buildkit.errors import ToolchainError

_ASK = """
import json, sys, sysconfig
print(json.dumps({
    "python": "cp%d%d" % sys.version_info[:2],
    "soabi": sysconfig.get_config_var("SOABI") or "",
    "suffix": sysconfig.get_config_var("EXT_SUFFIX") or "",
    "platform": sysconfig.get_platform(),
    "implementation": sys.implementation.name,
}))
"""


@dataclass(frozen=True, slots=True)
class Target:
    """The Python that a wheel is for.

    Args:
        tag: python, ABI and platform tag, such as `cp311-cp311-linux_x86_64`. The platform is the one that Python was
            built for; to promise older C libraries is for auditwheel.
        suffix: the ending of an extension's name, such as `.cpython-311-x86_64-linux-gnu.so`.
    """

    tag: str
    suffix: str


def describe(python: Path, runner: Runner = run) -> Target:
    """Return the wheel tag and the extension suffix of the interpreter `python`.

    Raises:
        ToolchainError: it does not run, or is not CPython.
    """
    answer = runner([str(python), "-I", "-c", _ASK])
    facts = json.loads(answer.stdout) if answer.ok else {}
    if facts.get("implementation") != "cpython":
        raise ToolchainError(f"{python}: not a working CPython", hint="name another one", details=(answer.stderr,))
    return Target(tag_of(facts["python"], facts["soabi"], facts["platform"]), facts["suffix"])


def tag_of(python: str, soabi: str, platform: str) -> str:
    """Return the tag of a wheel with extensions.

    Args:
        python: such as `cp313`.
        soabi: the middle of an extension's name, such as `cpython-313t-x86_64-linux-gnu`; its second word carries the
            ABI's flags (`t` for free threading).
        platform: as `sysconfig.get_platform()` writes it.

    See https://packaging.python.org/specifications/platform-compatibility-tags.
    """
    words = soabi.split("-")
    abi = f"cp{words[1]}" if len(words) > 1 and words[0] == "cpython" else python
    return f"{python}-{abi}-{platform.replace('-', '_').replace('.', '_')}"

"""The wheels that an image installs: fetched by pip for the image's Python, whatever Python runs here.

pip picks wheels for another platform, but asks markers of the Python that it runs under. So markers are decided before,
for the image's Python; and what no lock fixes is looked for only where both are alike.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, field
from importlib.util import find_spec
from pathlib import Path

from buildkit.core import untrusted
from buildkit.core.fingerprint import digest_value
from buildkit.dependencies.installation import Files
from buildkit.doors import files, process, python, reading
from buildkit.errors import ImageError
from buildkit.image.oci.target import Target
from buildkit.image.oci.wheel import Wheel
from buildkit.image.secrets import redacted

_NO_WHEEL = re.compile(
    r"(?:No matching distribution found for|Could not find a version that satisfies the requirement) "
    r"([A-Za-z0-9._-]+(?:\[[^\]]*\])?(?:==\S+)?)"
)
_OTHER_HASH = re.compile(r"THESE PACKAGES DO NOT MATCH THE HASHES")
_LOST = re.compile(r"(?:Connection|Max retries|NewConnectionError|ReadTimeout|ProxyError|SSLError|certificate verify)")
_MOST_WORDS = 12
_MOST = 1 << 20


@dataclass(frozen=True, slots=True)
class Access:
    """How pip reaches its indexes.

    Args:
        configuration: the text of its configuration file; empty for the user's own.
        netrc: the text of a file with passwords; empty for the user's own.
        ca_bundle: a file with certificates that are trusted.
        identity: a text that is another one for other indexes.
    """

    configuration: str = field(default="", repr=False)
    netrc: str = field(default="", repr=False)
    ca_bundle: Path | None = None
    identity: str = ""

    @contextmanager
    def variables(self, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
        """Give the variables for pip; a file with its configuration is there as long as they are needed."""
        found = {key: text for key, text in environment.items() if key not in {"PYTHONPATH", "PIP_REQUIRE_VIRTUALENV"}}
        found |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
        if self.ca_bundle is not None:
            found |= {"PIP_CERT": str(self.ca_bundle), "SSL_CERT_FILE": str(self.ca_bundle)}
        with tempfile.TemporaryDirectory(prefix="buildkit-pip-") as folder:  # only this user may look into it
            if self.configuration:
                place = Path(folder, "pip.conf")
                files.write(place, self.configuration, mode=0o600)
                found["PIP_CONFIG_FILE"] = str(place)
            if self.netrc:
                files.write(Path(folder, "netrc"), self.netrc, mode=0o600)
                found["NETRC"] = str(Path(folder, "netrc"))
            yield found


def wheels(
    texts: Files, target: Target, folder: Path, access: Access, environment: Mapping[str, str], locked: str
) -> list[Wheel]:
    """Return the wheels of an image, sorted by name; those that are there already are not fetched again.

    Args:
        texts: what is to be installed; markers in it are decided.
        target: the Python that they are for.
        folder: where wheels are kept.
        access: how pip reaches its indexes.
        environment: its variables.
        locked: the name of the lock file; empty if there is none.

    Raises:
        ImageError: there is no wheel of a package for this Python, or pip failed.
    """
    _require_wheels_alone(texts)
    if not texts.requirements.strip() and not texts.unhashed.strip():
        return []
    key = str(digest_value([list(astuple(texts)), [*target.platforms()], target.tag, access.identity]))
    listed = folder / f"{key[:32]}.json"
    if known := _known(listed, folder):
        return known
    if "--no-deps" not in texts.options.split():
        _require_alike(target)
    fetched = _fetched(texts, target, folder, access, environment)
    if locked:
        _require_markers_decided(texts.requirements, locked)
    rows = [[each.place.name, each.digest] for each in fetched]
    files.write(listed, json.dumps(rows))
    return fetched


def _require_wheels_alone(texts: Files) -> None:
    """Raise for what has to be built from sources: that would run its code here, and for this machine.

    Raises:
        ImageError: there is such a package.
    """
    built = [line.partition(" @ ")[0] for line in (texts.unhashed + texts.folders).splitlines() if " @ " in line]
    built += [line.partition(" @ ")[0] for line in texts.requirements.splitlines() if " @ git+" in line]
    if built:
        raise ImageError(
            f"{', '.join(sorted(built))}: a repository or folder has to be built first, and without an engine only "
            "wheels are installed",
            hint='push its wheel to an index and lock that, or build with an engine: builder = "docker"',
        )


def _require_alike(target: Target) -> None:
    """Raise where this Python would decide markers otherwise than the image's.

    Raises:
        ImageError: it would.
    """
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if target.python != here or not target.is_of_this_machine:
        raise ImageError(
            f"without a lock, what the image needs is looked for by Python {here} here, and it has Python "
            f"{target.python} ({target.libc}, {target.machine})",
            hint="lock the project: uv lock, poetry lock or pdm lock",
        )


def _require_markers_decided(requirements: str, locked: str) -> None:
    """Raise if a marker is left that pip judged by the Python here.

    Raises:
        ImageError: there is one.
    """
    left = [line.partition(" --hash")[0] for line in requirements.splitlines() if " ; " in line]
    if left:
        raise ImageError(
            f"{locked}: it cannot be told for the image's Python whether this is installed: {left[0]}",
            hint='build with an engine: builder = "docker"',
        )


def _known(listed: Path, folder: Path) -> list[Wheel]:
    """Return the wheels of an earlier build, if all of them are there."""
    with suppress(OSError, ValueError, TypeError):
        rows = untrusted.rows(untrusted.json_of(reading.read(listed, most=_MOST)))
        found = [Wheel(folder / untrusted.name(name), untrusted.digest(digest)) for name, digest in rows]
        if all(files.digest_file(each.place) == each.digest for each in found[:1]) and all(
            each.place.is_file() for each in found
        ):
            return found
    return []


def _fetched(texts: Files, target: Target, folder: Path, access: Access, environment: Mapping[str, str]) -> list[Wheel]:
    scratch = folder / "incoming"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    found: dict[str, Wheel] = {}
    try:
        with access.variables(environment) as variables:
            for number, text in enumerate((texts.requirements, texts.unhashed)):
                if text.strip():
                    _download(text, texts, scratch, number, target, variables)
        for place in sorted(scratch.glob("*/*.whl")):
            digest = files.digest_file(place)
            place.replace(folder / place.name)
            found[place.name] = Wheel(folder / place.name, digest)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return [found[name] for name in sorted(found)]


def _download(
    text: str, texts: Files, scratch: Path, number: int, target: Target, variables: Mapping[str, str]
) -> None:
    requirements, constraints = scratch / f"requirements-{number}.txt", scratch / "constraints.txt"
    requirements.write_text(text, "utf-8")
    constraints.write_text(texts.constraints, "utf-8")
    options = ["--no-deps"] if number else texts.options.split()
    command = [
        *pip(),
        *("download", "--only-binary", ":all:", "--dest", str(scratch / str(number)), "--progress-bar", "off"),
        *("--implementation", "cp", "--python-version", target.python, "--abi", target.tag),
        *(part for each in target.platforms() for part in ("--platform", each)),
        *options,
        *("--constraint", str(constraints), "--requirement", str(requirements)),
    ]
    answer = process.run(command, environment=variables, timeout=None)
    if not answer.ok:
        raise _refused(answer.stdout + answer.stderr, target)


def _refused(words: str, target: Target) -> ImageError:
    lines = [redacted(line.strip()) for line in words.splitlines() if line.strip()]
    missing = _NO_WHEEL.search(words)
    said = [line for line in lines if line.startswith(("ERROR", "WARNING"))][-_MOST_WORDS:] or lines[-_MOST_WORDS:]
    if _OTHER_HASH.search(words):
        return ImageError(
            "a package has another hash than its lock says, so nothing was installed",
            details=said,
            hint="lock anew if the package was replaced on purpose; else see who did it",
        )
    if _LOST.search(words):
        return ImageError(
            "the package index cannot be reached", details=said, hint="see the network, the proxy and engine.ca-bundle"
        )
    if missing:
        return ImageError(
            f"{missing[1]} has no wheel for Python {target.python} on {target.libc} {target.release}, {target.machine}",
            details=said,
            hint="lock a version that has one, choose another base (engine.python-slim),\n"
            'or let an engine build it from its sources: builder = "docker"',
        )
    return ImageError("pip could not fetch the packages of the image", details=said, hint="mend what it says")


def pip() -> Sequence[str]:
    """Return the command that runs pip: this environment's, else the one that virtualenv brings.

    Raises:
        ImageError: there is none.
    """
    if find_spec("pip") is not None:
        return python.module_command("pip")
    embedded = find_spec("virtualenv.seed.wheels.embed")
    for folder in embedded.submodule_search_locations or () if embedded else ():
        for place in sorted(Path(folder).glob("pip-*.whl"), reverse=True):
            return [sys.executable, str(place / "pip")]
    raise ImageError("there is no pip here to fetch packages", hint=f"install it: {sys.executable} -m ensurepip")


def sweep(folder: Path, keep: Sequence[Wheel]) -> None:
    """Delete wheels that no image of the last builds needs.

    Args:
        folder: where wheels are kept.
        keep: the wheels of the build that has just ended.
    """
    wanted = {each.place.name for each in keep}
    lists = sorted(folder.glob("*.json"), key=lambda place: place.stat().st_mtime, reverse=True)
    for place in lists[:_MOST_LISTS]:
        with suppress(OSError, ValueError, TypeError):
            wanted |= {str(row[0]) for row in json.loads(place.read_text("utf-8"))}
    for place in lists[_MOST_LISTS:]:
        files.remove(place)
    for place in folder.glob("*.whl"):
        if place.name not in wanted:
            os.unlink(place)  # noqa: PTH108


_MOST_LISTS = 8
"""Sets of wheels that are kept: those of several images, and of the branches that one switches between."""

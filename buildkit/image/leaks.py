"""Secrets in an image as it was built: in each layer, also where a later one deletes them, its variables and history.

The text of a Dockerfile does not tell what a command leaves behind: a token in the settings of a clone, an index with a
password in the record of an install. So the layers are gone through, as the engine hands them out, in one pass.
"""

from __future__ import annotations

import posixpath
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, NamedTuple

from buildkit.core.untrusted import shown
from buildkit.errors import ImageError
from buildkit.image.review.secrets import has_credentials, is_secret_value, secret_variables
from buildkit.image.saved import Saved, saved
from buildkit.image.secrets import redacted

_MOST = 1 << 16
"""Bytes of a file that are looked into; what holds credentials is small."""

_LOOKED_INTO = re.compile(
    r"(?:.*/)?(?:\.env(?:\.[\w.-]+)?|\.netrc|_netrc|\.pypirc|\.git-credentials|\.pgpass|\.npmrc|\.yarnrc\.yml|\.condarc"
    r"|pip\.conf|pip\.ini|uv\.toml|auth\.toml|\.git/config|\.aws/credentials|\.docker/config\.json|\.kube/config"
    r"|direct_url\.json|[\w.-]*credentials[\w.-]*\.json|service[-_]account[\w.-]*\.json|id_(?:rsa|dsa|ecdsa|ed25519)"
    r"|[\w.-]+\.(?:pem|key))"
)
_NOT = re.compile(
    r"(?:^|/)(?:site-packages|dist-packages|node_modules)/.*\.(?:pem|key|json|npmrc)$|^(?:usr/share|etc/ssl|usr/lib)/"
    r"|\.(?:example|sample|template|dist)$"
)
"""Certificates and keys that packages bring for their tests."""

_INSTALLED = re.compile(r"direct_url\.json$")
_IS_SECRET = re.compile(
    r"PRIVATE KEY-----"
    r'|"private_key"\s*:'
    r'|"auth"\s*:\s*"[^"]'
    r"|_authToken\s*=\s*[^\s$]"
    r"|aws_secret_access_key\s*=\s*\S"
    r"|^\s*password\s*[:= ]\s*\S"
    r"|^\s*machine\s(?:.|\n)*?password\s+\S"
    r"|^\s*token:\s*\S",
    re.MULTILINE,
)
"""What stands in a private key, a netrc, and the files of package indexes, clouds, registries and clusters."""

_PASSWORDS = re.compile(r"^[^\s:#]+:[^\s:]+:[^\s:]+:[^\s:]+:\S", re.MULTILINE)
"""A line of `.pgpass`."""
_ASSIGNED = re.compile(r"""\b([A-Za-z_]\w*)=("[^"]*"|'[^']*'|[^\s"']+)""")
_GIVEN = re.compile(r"\|\d+ (.*?) /bin/(?:ba|da)?sh ")


class Leak(NamedTuple):
    """A secret in an image.

    Args:
        place: the file, or what of the configuration it is in.
        by: the instruction that brought it, as the history of the image has it.
    """

    place: str
    by: str = ""


class Seen(NamedTuple):
    """What was seen of an image.

    Args:
        layers: how many layers it has.
        leaks: the secrets in them.
        why_not: why they could not be looked at; empty if they were.
    """

    layers: int
    leaks: tuple[Leak, ...] = ()
    why_not: str = ""


def look(image: str, environment: Mapping[str, str]) -> Seen:
    """Return the secrets of an image that the engine has.

    Args:
        image: its name.
        environment: the variables of the docker client.
    """
    try:
        return of_saved(saved(image, secret_files, environment))
    except ImageError as error:
        return Seen(0, why_not=shown("; ".join((error.message, *error.details))))


def of_saved(image: Saved[tuple[str, ...]]) -> Seen:
    """Return the secrets of an image of which `secret_files` of each layer are known."""
    leaks = [Leak(path, layer.step) for layer in image.layers for path in layer.content]
    return Seen(len(image.layers), (*leaks, *of_configuration(image.about, image.history)))


def secret_files(layer: IO[bytes]) -> tuple[str, ...]:
    """Return the paths of a layer that hold a secret, from its unpacked tar; none of what is no tar."""
    found = []
    with suppress(tarfile.ReadError), tarfile.open(fileobj=layer, mode="r|") as files:
        for member in files:
            path = posixpath.normpath(member.name)
            if not member.isreg() or not may_hold_secret(path, member.size):
                continue
            content = files.extractfile(member)
            if content is not None and holds_secret(path, content.read().decode("utf-8", "replace")):
                found.append(f"/{path}")
    return tuple(found)


def may_hold_secret(path: str, size: int) -> bool:
    """Return whether a file is worth looking into, by its path in the image and its bytes."""
    named = size <= _MOST and _LOOKED_INTO.fullmatch(path) is not None
    return named and not (_NOT.search(path) and not _INSTALLED.search(path))


def holds_secret(path: str, text: str) -> bool:
    """Return whether a file holds a secret by what stands in it.

    Args:
        path: its path in the image.
        text: its content.
    """
    name = posixpath.basename(path)
    if has_credentials(text):
        return True
    if name == ".pgpass":
        return _PASSWORDS.search(text) is not None
    if name.startswith(".env"):
        return any(secret_variables(text))
    return _IS_SECRET.search(text) is not None


def of_configuration(about: Mapping[str, Any], history: Sequence[str]) -> Iterator[Leak]:
    """Yield the secrets of an image's variables and history.

    Args:
        about: what the configuration says of its containers.
        history: the instructions that made it.
    """
    for pair in about.get("Env") or ():
        name, _, value = str(pair).partition("=")
        if is_secret_value(name, value):
            yield Leak(f"the variable {name}")
    told: set[str] = set()
    for by in history:
        given = _GIVEN.search(by)
        for pair in given[1].split(" ") if given else ():
            name, _, value = pair.partition("=")
            if is_secret_value(name, value) and name not in told:
                told.add(name)
                yield Leak(f"the build argument {name} in the history", by)
        if has_credentials(by):
            yield Leak("an address with credentials in the history", by)


def masked(instruction: str) -> str:
    """Return an instruction of a history without the build arguments and the secrets that stand in it."""

    def value(found: re.Match[str]) -> str:
        return f"{found[1]}=***" if is_secret_value(found[1], found[2].strip("'\"")) else found[0]

    without = re.sub(r"\|\d+ .*? (?=/bin/)", "", redacted(instruction))
    return _ASSIGNED.sub(value, without).strip()


def words(leak: Leak) -> str:
    """Return a leak as it is told, without the secret."""
    by = masked(leak.by)
    return shown(f"{leak.place}{f' (by {by})' if by else ''}", 300)

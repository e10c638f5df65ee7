"""Looks images up in the registry by tag or digest, without fetching their layers, and moves their tags."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.errors import AccessError, RegistryError
from buildkit.registry import reference
from buildkit.registry.client import IMAGES, MOST_MANIFEST, Repository
from buildkit.registry.failure import Denied, Failure
from buildkit.registry.reference import Reference
from buildkit.release import labels
from buildkit.release.sight import Image

_MOST_CONFIG = 4 << 20
_INDEXES = frozenset(each for each in IMAGES if "index" in each or "list" in each)


@contextlib.contextmanager
def as_error() -> Iterator[None]:
    """Turn failures of the registry in the block into errors with exit codes.

    Raises:
        AccessError: it wants credentials, or other ones.
        RegistryError: any other failure.
    """
    try:
        yield
    except Denied as denied:
        raise AccessError(denied.message, hint=denied.hint) from None
    except Failure as failure:
        raise RegistryError(failure.message, hint=failure.hint) from None


def parsed(text: str) -> Reference:
    """Return the reference for an image's name with tag or digest.

    Raises:
        RegistryError: it names no place in a registry.
    """
    try:
        return reference.parse(text)
    except Odd:
        raise RegistryError(
            f"{untrusted.shown(text)} names no image in a registry",
            hint='set [tool.buildkit.release] registry = "registry.example.org/team"',
        ) from None


def look(text: str, environment: Mapping[str, str], platform: str = "") -> Image:
    """Return the image under a name with tag or digest; one without a digest if the registry has none.

    Args:
        text: the image's name.
        environment: the variables that hold user and password, or the folder of Docker's own settings.
        platform: which manifest of an index is looked at; the first one if empty.

    Raises:
        RegistryError: the registry refuses, cannot be reached, or holds what is no image.
        AccessError: it wants credentials, or other ones.
    """
    where = parsed(text)
    place = f"{where.host}/{where.name}"
    with as_error():
        repository = Repository(where, environment)
        manifest, top, kind = repository.fetch(where.wanted)
        if not manifest:
            return Image(place)
        try:
            inner = _of_platform(repository, manifest, kind, platform)
            config = untrusted.table(json_of(inner)["config"])
            digest, size = reference.digest_of(config["digest"]), untrusted.number(config["size"], most=_MOST_CONFIG)
            return _image(place, top, json_of(repository.blob(digest, size)))
        except (Odd, KeyError, TypeError) as error:
            raise RegistryError(
                f"{where}: what the registry has is no image: {untrusted.shown(error)}", hint="push the image again"
            ) from None


def json_of(content: bytes) -> dict[str, Any]:
    """Return the JSON object in bytes from a registry."""
    return untrusted.table(untrusted.json_of(content, MOST_MANIFEST))


def _of_platform(repository: Repository, text: bytes, kind: str, platform: str) -> bytes:
    """Return the manifest itself, or that of an index for a platform."""
    if kind not in _INDEXES:
        return text
    for each in untrusted.rows(json_of(text).get("manifests")):
        about = untrusted.table(untrusted.table(each).get("platform", {}))
        name = f"{about.get('os')}/{about.get('architecture')}"
        if about.get("os") not in {None, "unknown"} and platform in {"", name}:
            inner, _, _ = repository.fetch(reference.digest_of(each["digest"]))
            if inner:
                return inner
    raise Odd(f"an index without {platform or 'any image'}")


def _image(place: str, digest: str, about: Mapping[str, Any]) -> Image:
    platform = f"{untrusted.text(about['os'])}/{untrusted.text(about['architecture'])}"
    return labels.image_of(place, digest, platform, untrusted.table(about.get("config") or {}), identity(about))


def identity(about: Mapping[str, Any]) -> str:
    """Return a digest of an image's layers and configuration without what every commit changes: labels and times."""
    config = dict(about.get("config") or {})
    config["Labels"] = {
        key: value for key, value in (config.get("Labels") or {}).items() if key not in labels.OF_COMMIT
    }
    parts = [about.get("os"), about.get("architecture"), about.get("rootfs", {}).get("diff_ids"), config]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def tag(image: Image, name: str, environment: Mapping[str, str]) -> None:
    """Let a tag of the image's repository name it.

    Raises:
        RegistryError: the registry refuses, or has the image no longer.
        AccessError: it wants credentials, or other ones.
    """
    where = parsed(image.reference)
    with as_error():
        repository = Repository(where, environment)
        text, _, kind = repository.fetch(image.digest)
        if not text:
            raise RegistryError(f"{where}: there is no such manifest", hint="push the image again")
        repository.put(text, name, kind)

"""The release record: an artefact beside the images that says what was released, and how it ended.

It is a manifest whose configuration is the record as JSON, under the tag `release-ENVIRONMENT` of the first service's
image. A record is never changed: the next one names it as `previous`, and the tag moves on to that. So no place but the
registry is needed for history, way back and resuming. The last good one is named too, so that it is found at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.errors import RegistryError
from buildkit.registry import reference
from buildkit.registry.client import MANIFEST, Repository
from buildkit.registry.reference import Reference
from buildkit.release.images import as_error, json_of, parsed
from buildkit.release.sight import Recorded

SCHEMA = "buildkit.release/1"
CONFIG = "application/vnd.invoke-buildkit.release.v1+json"
GOOD = "good"

_EMPTY = b"{}"
_EMPTY_KIND = "application/vnd.oci.empty.v1+json"
_MOST = 1 << 20
_MOST_STEPS = 200


def tag_of(environment: str) -> str:
    """Return the tag of an environment's newest record."""
    return f"release-{environment}"


def read(place: str, name: str, environment: Mapping[str, str]) -> Recorded:
    """Return the record under a tag or digest of a repository; an empty one if there is none.

    Args:
        place: the repository, `registry.example/team/api`.
        name: the tag or digest.
        environment: the variables that hold user and password, or the folder of Docker's own settings.

    Raises:
        RegistryError: the registry refuses, cannot be reached, or what lies there is no record.
        AccessError: it wants credentials, or other ones.
    """
    where = parsed(f"{place}:any")
    with as_error():
        repository = Repository(where, environment)
        text, digest, _ = repository.fetch(name, (MANIFEST,))
        if not text:
            return Recorded()
        try:
            config = untrusted.table(json_of(text)["config"])
            size = untrusted.number(config["size"], most=_MOST)
            blob = repository.blob(reference.digest_of(config["digest"]), size)
            return _parsed(digest, json_of(blob))
        except (Odd, KeyError) as error:
            words = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise RegistryError(
                f"{place}:{name} is no release record: {untrusted.shown(words)}",
                hint=f"if nothing needs it, take the tag {name} away; the next release begins anew",
            ) from None


def _parsed(digest: str, values: Mapping[str, Any]) -> Recorded:
    if values["schema"] != SCHEMA:
        raise Odd(f"schema {untrusted.shown(values['schema'])}")
    services = untrusted.table(values["services"])
    good = untrusted.text(values["good"])
    for text in services.values():
        if not reference.parse(untrusted.text(text)).digest:
            raise Odd(f"{untrusted.shown(text)} has no digest")
    return Recorded(
        digest,
        untrusted.text(values["release"]),
        untrusted.text(values["commit"]),
        untrusted.text(values["ended"]),
        {untrusted.text(name): text for name, text in services.items()},
        reference.digest_of(good) if good else "",
        untrusted.seconds(values["moment"]),
        {name: untrusted.text(each) for name, each in untrusted.table(values.get("definitions", {})).items()},
    )


def last_good(place: str, last: Recorded, environment: Mapping[str, str]) -> Recorded:
    """Return the newest record of a good release, the last one or one before it; an empty one if there is none."""
    return last if last.ended == GOOD else read(place, last.good, environment) if last.good else Recorded()


def write(
    place: str,
    target: str,
    record: Recorded,
    previous: Recorded,
    steps: Sequence[Mapping[str, object]],
    environment: Mapping[str, str],
) -> Recorded:
    """Put a record into the registry, and the environment's tag on it.

    Args:
        place: the repository.
        target: the environment that was released to.
        record: what happened; its own digest and `good` are found here.
        previous: the record that the tag names now.
        steps: the steps of the release with their outcomes, as JSON types.
        environment: the variables that hold user and password, or the folder of Docker's own settings.

    Raises:
        RegistryError: the registry refuses, or cannot be reached; the tag is as it was.
        AccessError: it wants credentials, or other ones.
    """
    good = previous.digest if previous.ended == GOOD else previous.good
    values = {
        "schema": SCHEMA,
        "release": record.release,
        "environment": target,
        "commit": record.commit,
        "ended": record.ended,
        "moment": record.moment,
        "services": dict(record.services),
        "definitions": dict(record.definitions),
        "previous": previous.digest,
        "good": good,
        "steps": list(steps[:_MOST_STEPS]),
    }
    where = parsed(f"{place}:{tag_of(target)}")
    with as_error():
        digest = _send(where, json.dumps(values, sort_keys=True).encode(), environment)
    return replace(record, digest=digest, good=good)


def _send(where: Reference, config: bytes, environment: Mapping[str, str]) -> str:
    repository = Repository(where, environment)
    for blob in (config, _EMPTY):
        repository.upload(_digest(blob), len(blob), lambda offset, blob=blob: [blob[offset:]])  # type: ignore[misc]
    text = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": CONFIG,
            "config": {"mediaType": CONFIG, "digest": _digest(config), "size": len(config)},
            "layers": [{"mediaType": _EMPTY_KIND, "digest": _digest(_EMPTY), "size": len(_EMPTY)}],
        },
        separators=(",", ":"),
    )
    return repository.tag(text.encode(), (where.tag,))


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"

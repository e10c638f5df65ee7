"""The build arguments and secrets of an image build; secrets show in no layer, history or process list.

A build argument appears in the `docker history` of the stages that use it, and every user of the machine can read a
command line. So a project's arguments are passed to the docker client in its environment, and the settings that pip
needs to reach an index go into the build as a secret.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from buildkit.core.fingerprint import digest_value
from buildkit.dependencies.indexes import Index
from buildkit.errors import ConfigurationError
from buildkit.image.dockerfile import Dockerfile
from buildkit.image.own import declared

PIP = {
    "PIP_INDEX_URL": "index-url",
    "PIP_EXTRA_INDEX_URL": "extra-index-url",
    "PIP_TRUSTED_HOST": "trusted-host",
}
"""Build arguments that reach the suite's Dockerfile as a secret, each with its key in pip's configuration."""

SECRETS = ("pip.conf", "netrc")
"""The secrets that the suite's Dockerfile knows, beside the bundle of certificates."""

LOCKED = "locked.conf"
"""The secret with pip's configuration for the packages of a lock, whose only index may not have the suite's tools."""

INDEX = "PACKAGE_INDEX"
"""The argument that identifies the package index, without its credentials, so that another index installs anew."""

_ANY = frozenset(
    {name for word in ("HTTP", "HTTPS", "FTP", "NO", "ALL") for name in (f"{word}_PROXY", f"{word}_PROXY".lower())}
)
"""Arguments that every Dockerfile takes without declaring them."""

_CLIENTS = re.compile(r"(BUILDKIT|BUILDX|DOCKER|LD|OTEL|SSL|XDG)_.*|PATH|HOME|TMPDIR|USER|SHELL|SOURCE_DATE_EPOCH")
"""Variables that the docker client itself reads, so a build argument's value must not be passed in them."""

_BUILDERS = "BUILDKIT_"
"""The beginning of the names of arguments that the builder itself takes."""

_ENV = "env:"
_PIP_CONF = "PYBUILDKIT_PIP_CONF"
_LOCKED_CONF = "PYBUILDKIT_LOCKED_CONF"
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_HIDDEN = "****"
_SHORTEST = 4
"""Characters of the shortest value that is hidden in the builder's output; shorter ones are part of many words."""


@dataclass(frozen=True, slots=True)
class Given:
    """A project's build arguments and secrets.

    Args:
        arguments: build arguments.
        secrets: the source of each secret: `env:VARIABLE`, or a file.
        made: environment variables that the suite itself sets to hold secrets.
    """

    arguments: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict)
    made: Mapping[str, str] = field(default_factory=dict, repr=False)

    def flags(self) -> list[str]:
        """Return the flags of the docker client; they hold values only of variables that the client itself reads."""
        found = []
        for name, value in sorted(self.arguments.items()):
            found += ["--build-arg", f"{name}={value}" if _CLIENTS.fullmatch(name) else name]
        for name, place in sorted(self.secrets.items()):
            where = f"env={place[len(_ENV) :]}" if place.startswith(_ENV) else f"src={place}"
            found += ["--secret", _row(f"id={name}", where)]
        return found

    def variables(self) -> dict[str, str]:
        """Return the environment variables that the docker client needs for `flags`."""
        return {**{name: value for name, value in self.arguments.items() if not _CLIENTS.fullmatch(name)}, **self.made}

    def parts(self) -> list[object]:
        """Return the parts of the image's fingerprint, without credentials.

        Another token for the same index does not change them.
        """
        return [{name: redacted(value) for name, value in self.arguments.items()}, dict(self.secrets)]

    def require(self, environment: Mapping[str, str]) -> None:
        """Check that each secret exists.

        Raises:
            ConfigurationError: its variable is not set, or there is no such file.
        """
        for name, place in self.secrets.items():
            variable = place[len(_ENV) :] if place.startswith(_ENV) else ""
            if variable and not environment.get(variable) and variable not in self.made:
                raise ConfigurationError(
                    f"engine.secrets: {name} is to come from {variable}, which is not set",
                    hint=f"set the variable {variable}, or name a file",
                )
            if not variable and not Path(place).is_file():
                raise ConfigurationError(
                    f"engine.secrets: {name}: there is no file {place}", hint='write "env:VARIABLE" for a variable'
                )

    def hidden(self, environment: Mapping[str, str]) -> list[str]:
        """Return the known secret texts, which messages must not show.

        Args:
            environment: the variables of the docker client.
        """
        whole = [environment.get(place[len(_ENV) :], "") for place in self.secrets.values() if place.startswith(_ENV)]
        texts = [*self.arguments.values(), *whole]
        parts = [
            part for text in texts for user in _CREDENTIALS.findall(text) for part in (user, *user.split(":", 1)[1:])
        ]
        plain = [line.strip() for text in whole if "://" not in text for line in text.splitlines()]
        return [word for word in {*parts, *map(unquote, parts), *plain} if len(word) >= _SHORTEST]


def of_suite(
    given: Mapping[str, str], secrets: Mapping[str, str], own: Collection[str], indexes: Iterable[Index] = ()
) -> Given:
    """Return the arguments and secrets for the suite's Dockerfile.

    Args:
        given: the project's build arguments.
        secrets: the project's secrets.
        own: the names of the arguments that the suite sets.
        indexes: those that the project's lock names. What the project tells the build of indexes counts more: its main
            one stands in their place, and a pip.conf of its own says all.

    Raises:
        ConfigurationError: an argument or a secret that this Dockerfile would not use.
    """
    index = {name: value for name, value in given.items() if name in PIP}
    arguments = {name: value for name, value in given.items() if name not in PIP}
    for name in arguments:
        if name in own:
            raise ConfigurationError(
                f"engine.build-args: {name} is what the suite sets itself",
                hint="use engine.python-build, engine.python-slim, source-root or data.mount",
            )
        if name not in _ANY and not name.startswith(_BUILDERS):
            raise _unused(name, f"the suite's Dockerfile takes {', '.join(PIP)} and proxies")
    for name in secrets:
        if name not in SECRETS:
            raise ConfigurationError(
                f"engine.secrets: the suite's Dockerfile uses no secret {name}",
                hint=f"it knows {' and '.join(SECRETS)}; a Dockerfile of your own may use any",
            )
    locked = {} if "pip.conf" in secrets else _of_lock(index, indexes)
    if not index:
        named = dict(secrets)
    elif "pip.conf" in secrets:
        raise ConfigurationError(
            f"engine.build-args: {min(index)} and the secret pip.conf say the same twice", hint="keep one of them"
        )
    else:
        named = {**secrets, "pip.conf": f"{_ENV}{_PIP_CONF}"}
    made = {_PIP_CONF: _configuration(index)} if index else {}
    if locked:
        named[LOCKED] = f"{_ENV}{_LOCKED_CONF}"
        made[_LOCKED_CONF] = _configuration({**index, **locked})
    if named:
        shown = {name: redacted(value) for name, value in {**index, **locked}.items()}
        arguments[INDEX] = digest_value([shown, dict(secrets)])[:16]
    return Given(arguments, named, made)


def _configuration(index: Mapping[str, str]) -> str:
    """Return pip's configuration file for settings of indexes."""
    return "\n".join(("[global]", *(f"{PIP[name]} = {value}" for name, value in sorted(index.items())), ""))


def _of_lock(given: Mapping[str, str], indexes: Iterable[Index]) -> dict[str, str]:
    """Return what the indexes of a lock add to the settings of pip that are given."""
    rows = [each for each in indexes if each.address]
    main = [each.address for each in rows if each.main][:1]
    more = [each.address for each in rows if each.address not in main]
    found = {} if "PIP_INDEX_URL" in given or not main else {"PIP_INDEX_URL": main[0]}
    if "PIP_INDEX_URL" in given:
        more += main
    if more:
        found["PIP_EXTRA_INDEX_URL"] = " ".join([*given.get("PIP_EXTRA_INDEX_URL", "").split(), *more])
    return found


def of_project(given: Mapping[str, str], secrets: Mapping[str, str], parsed: Dockerfile) -> Given:
    """Return the arguments and secrets for a project's own Dockerfile.

    Raises:
        ConfigurationError: the Dockerfile does not declare an argument, so the builder would ignore it.
    """
    known = declared(parsed)
    for name in given:
        if name not in known | _ANY and not name.startswith(_BUILDERS):
            raise _unused(name, f'let it have the line "ARG {name}" in the stage that uses it')
    return Given(dict(given), dict(secrets))


def redacted(text: str, hidden: Iterable[str] = ()) -> str:
    """Return a text without credentials in addresses, and without each text of `hidden`."""
    for word in sorted(hidden, key=len, reverse=True):
        text = text.replace(word, _HIDDEN)
    return _CREDENTIALS.sub(_HIDDEN, text)


def _unused(name: str, hint: str) -> ConfigurationError:
    return ConfigurationError(
        f"engine.build-args: the Dockerfile declares no ARG {name}, so it would do nothing",
        hint=f"{hint};\nwhat must stay secret goes into [tool.buildkit.engine] secrets",
    )


def _row(*fields: str) -> str:
    """Return the fields of a flag as one CSV row, as the client reads them: a file's name may contain a comma."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(fields)
    return out.getvalue()

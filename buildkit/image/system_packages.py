"""Packages of the system, by whichever of apt and apk a base image has: their installation, and what went wrong.

The base is asked in the build itself, by its shell, so nothing has to be known of it before. Lists and downloads lie in
a cache mount: no layer holds them, and the next build downloads only what changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_RUN = r"""ARG BASE
ARG TARGETARCH
RUN --mount=type=cache,id=buildkit-system-${BASE}-${TARGETARCH},target=/cache/system,sharing=locked \
    --mount=type=secret,id=ca \
    SCRIPT"""

_SCRIPT = """set -eu; packages='PACKAGES'; \
if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca SSL_CA_CERT_FILE=/run/secrets/ca; fi; \
if command -v apt-get >/dev/null; then \
export DEBIAN_FRONTEND=noninteractive; \
set -- -o Dir::State::Lists=/cache/system/lists -o Dir::Cache=/cache/system -o APT::Keep-Downloaded-Packages=true \
-o APT::Sandbox::User=root -o Acquire::Retries=3 -o Dpkg::Use-Pty=0; \
if [ -s /run/secrets/ca ]; then set -- "$@" -o Acquire::https::CAInfo=/run/secrets/ca; fi; \
mkdir -p /cache/system/lists/partial /cache/system/archives/partial; \
apt-get "$@" -o APT::Update::Error-Mode=any -qq update; \
apt-get "$@" install --yes --no-install-recommends $packages; \
rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log /var/cache/debconf/*-old /var/lib/dpkg/*-old; \
elif command -v apk >/dev/null; then \
mkdir -p /cache/system; \
apk add --cache-dir /cache/system --update-cache $packages; \
rm -f /var/log/apk.log; \
else echo 'this base has neither apt-get nor apk' >&2; exit 1; \
fi"""
"""Files with the time of the installation go, so that the same packages make nearly the same layer."""

_NONE = "this base has neither apt-get nor apk"

_UNKNOWN = (
    re.compile(r"E: Unable to locate package (\S+)"),
    re.compile(r"E: Package '?([^\s']+)'? has no installation candidate"),
    re.compile(r"E: (Version '[^']+' for '[^']+') was not found"),
    re.compile(r"\s+(\S+) \(no such package\):"),
)
"""How apt (three) and apk name a package that they do not know."""

STAGES = {"python": "build-packages", "runtime": "system-packages", "test": "system-packages"}
"""The stages of the Dockerfile that install packages of the system, each with its setting."""


def instructions(packages: Iterable[str], base: str) -> str:
    """Return the instructions that install `packages` in a stage; empty if there are none.

    Args:
        packages: names, also `name=version`, as apt or apk take them.
        base: the argument of the Dockerfile that names the stage's base image.
    """
    wanted = tuple(packages)
    text = _RUN.replace("BASE", base, 2).replace("SCRIPT", script(wanted))
    return f"{text}\n" if wanted else ""


def script(packages: Iterable[str]) -> str:
    """Return the line for the shell that installs `packages`; order and repetition do not matter to it."""
    return _SCRIPT.replace("PACKAGES", " ".join(sorted(set(packages))))


def fault(step: str, words: Iterable[str]) -> tuple[str, str]:
    """Return the setting that a failed step comes from, and what is wrong with it; both empty for another fault.

    Args:
        step: the step's name, such as `[runtime 2/5] RUN …`.
        words: its last lines of output.
    """
    setting = STAGES.get(step.removeprefix("[").partition(" ")[0], "")
    lines = tuple(words)
    unknown = [match[1] for line in lines for pattern in _UNKNOWN if (match := pattern.match(line))]
    if not setting or "/cache/system" not in step:
        return "", ""
    if unknown:
        return setting, f"the base has no package {', '.join(dict.fromkeys(unknown))}"
    return (setting, _NONE) if _NONE in lines else ("", "")

"""Secrets that everybody may read who has the image: in variables, arguments, addresses, files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from buildkit.config.image_forms import is_secret
from buildkit.image.review.build import Build, Step
from buildkit.image.review.finding import Remark

_NOTHING = re.compile(
    r"(?i)|change.?me.*|dummy.*|placeholder.*|test.*|example.*|none|null|x+|secret.*|password|your.*|default.*|insecure.*"
    r"|not.?.*secret.*|build.*|fake.*|todo.*|temp.*|unused.*|ignore.*|unset|foo.*|abc|postgres|admin|root|redis|guest"
    r"|[\d.]+|true|false|on|off|yes|no|/.*|\$.*|file:.*|[A-Z0-9]{40}"
)
"""Values that stand for a secret and are none; the last one is the fingerprint of a public key."""

_IN_ADDRESS = re.compile(r"[a-z][a-z+]*://([^/\s:@'\"]*):([^/\s@'\"]+)@|https?://(\$\{?[A-Za-z_]\w*\}?)@")
_FILES = re.compile(
    r"(?:\.env(?:\.[\w.-]+)?|\.netrc|_netrc|\.pypirc|\.git-credentials|\.pgpass|id_(?:rsa|dsa|ecdsa|ed25519)"
    r"|\.ssh|\.aws|\.kube|\.dockercfg|credentials\.json|service[-_]account[\w.-]*\.json|auth\.toml)"
)
_BY_CONTENT = re.compile(
    r"(?:pip\.conf|pip\.ini|uv\.toml|\.npmrc|\.yarnrc\.yml|\.condarc|\.?env)(?:\.[\w.-]+)?|[\w.-]+\.(?:pem|key)"
)
_SAMPLE = re.compile(r"[.-](?:example|sample|template|dist|test)$")
_CREDENTIAL = re.compile(r"://[^/\s:@$]+:([^/\s@$]+)@|_authToken\s*=\s*[^\s$]|PRIVATE KEY-----")
_VARIABLE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*['\"]?([^'\"\n#]*)", re.MULTILINE)
_MOST_NAMED = 3


def findings(build: Build) -> Iterator[Remark]:
    """Yield a remark for each secret; one of a stage that is no part of the image is advice."""
    for step in build.steps:
        name = step.instruction.name
        if name == "ENV":
            yield from _variables(step)
        elif name == "ARG":
            yield from _arguments(build, step)
        elif name in {"COPY", "ADD"}:
            yield from _copied(build, step)
        if name in {"RUN", "ENV", "ARG", "ADD"}:
            yield from _addresses(step)


def taken(build: Build, paths: Iterable[str]) -> Iterator[Remark]:
    """Yield a remark for the secrets that a `COPY` of a whole folder takes along.

    Args:
        build: the build.
        paths: what enters the context.
    """
    named = sorted(path for path in paths if _may_be_secret(path.rpartition("/")[2]))
    told: set[str] = set()
    for step in build.kept:
        if step.instruction.name not in {"COPY", "ADD"}:
            continue
        for source in build.sources.get(step.line, ()):
            inside = [path for path in named if not source.path or path.startswith(f"{source.path}/")]
            if source.path is None or not inside or not build.takes_code(source):
                continue
            found = [path for path in inside if path not in told and _holds_secret(build, path, unknown=True)]
            told.update(found)
            if found:
                more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
                says = f"{step.instruction.written} takes {', '.join(found[:_MOST_NAMED])}{more} into the image"
                rules = tuple(f"/{path}" for path in found[:_MOST_NAMED])
                yield Remark("secret", step.line, says, ("# in .dockerignore:", *rules), wrong=True)


def is_secret_value(name: str, value: str) -> bool:
    """Return whether a variable is a secret by its name, and has a value that does not only stand for one."""
    return is_secret(name) and not _NOTHING.fullmatch(value.strip())


def secret_variables(text: str) -> Iterator[str]:
    """Yield the names of the secrets that a text such as a `.env` sets."""
    return (key for key, value in _VARIABLE.findall(text) if is_secret_value(key, value))


def has_credentials(text: str) -> bool:
    """Return whether an address in a text has a password, or there is a token of a registry or a private key."""
    return any(not (match[1] and _NOTHING.fullmatch(match[1])) for match in _CREDENTIAL.finditer(text))


def _may_be_secret(name: str) -> bool:
    named = _FILES.fullmatch(name) or _BY_CONTENT.fullmatch(name)
    return named is not None and _SAMPLE.search(name) is None


def _variables(step: Step) -> Iterator[Remark]:
    for name, value in step.instruction.pairs:
        text = value.strip("'\"")
        passed = re.fullmatch(r"\$\{?([A-Za-z_]\w*)(?::?-)?\}?", text)
        if is_secret(name) and (
            passed is not None and passed[1] in step.variables and step.variables[passed[1]] is None
        ):
            says = f"the value of {name} is a build argument, and stays readable in the configuration of the image"
            yield Remark(
                "secret", step.line, says if step.kept else f"{says} of this stage", _at_start(name), wrong=step.kept
            )
        elif is_secret_value(name, text):
            says = f"{name} is a secret by its name, and everybody who has the image can read it"
            yield Remark("secret", step.line, says, _at_start(name), wrong=step.kept)


def _at_start(name: str) -> tuple[str, ...]:
    return (f"# give it when the container starts: docker run --env {name}",)


def _arguments(build: Build, step: Step) -> Iterator[Remark]:
    for word in step.instruction.words:
        name, _, value = word.partition("=")
        text = value.strip("'\"")
        if not is_secret(name) or (value and _NOTHING.fullmatch(text)):
            continue
        uses = [
            other
            for other in build.stages.get(step.stage.start.line, ())
            if other.instruction.name == "RUN"
            and other.line > step.line
            and re.search(rf"\$\{{?{name}\b", _text(other))
        ]
        if not uses and not text:
            continue
        where = (
            "the history of the image shows it"
            if step.kept
            else "the builder keeps it in its cache and in attestations"
        )
        first = uses[0].instruction.written if uses else f"RUN command that needs {name}"
        secret = name.lower()
        mounted = first.replace("RUN ", f"RUN --mount=type=secret,id={secret},env={name} ", 1)
        setting = f'[tool.buildkit.engine] secrets = {{ {secret} = "env:{name}" }}'
        yield Remark(
            "secret", step.line, f"{name} is a build argument: {where}", (mounted, f"# {setting}"), wrong=step.kept
        )


def _text(step: Step) -> str:
    return " ".join((step.instruction.text, *(each.text for each in step.instruction.heredocs)))


def _addresses(step: Step) -> Iterator[Remark]:
    for match in _IN_ADDRESS.finditer(_text(step)):
        user, password, alone = match[1] or "", match[2] or "", match[3] or ""
        value = alone or password
        variable = re.fullmatch(r"\$\{?([A-Za-z_]\w*)\}?", value)
        if value.startswith("$("):
            continue
        if variable is not None and (variable[1] not in step.variables or "secret" in " ".join(step.instruction.flags)):
            continue
        if variable is None and (_NOTHING.fullmatch(value) or user == value):
            continue
        says = "an address has credentials, which the history of the image shows"
        remedy = ("RUN --mount=type=secret,id=netrc,target=/root/.netrc ...    # and the address without them",)
        yield Remark("secret", step.line, says, remedy, wrong=step.kept)
        return


def _copied(build: Build, step: Step) -> Iterator[Remark]:
    for source in build.sources.get(step.line, ()):
        path = PurePosixPath(source.path or "x")
        if not _may_be_secret(path.name):
            continue
        if _holds_secret(build, path.as_posix(), unknown=_FILES.fullmatch(path.name) is not None):
            says = f"{source.word} goes into {'a layer of the image' if step.kept else 'a layer of this stage'}"
            name = path.name.lstrip("._")
            remedy = (f"RUN --mount=type=secret,id={name},target=... ...    # a build; a service gets it at its start",)
            yield Remark("secret", step.line, says, remedy, wrong=step.kept)


def _holds_secret(build: Build, path: str, *, unknown: bool = False) -> bool:
    """Whether a file of the context has a secret in it; `unknown` where it is not there, or is a folder."""
    name = PurePosixPath(path).name
    if (build.root / path).is_dir():
        return unknown
    text = build.text(path)
    if not text:
        return unknown and not (build.root / path).is_file()
    if _BY_CONTENT.fullmatch(name) or name.startswith(".env"):
        if "env" in name and any(secret_variables(text)):
            return True
        return "PRIVATE KEY-----" in text or (not name.endswith(".pem") and has_credentials(text))
    return _FILES.fullmatch(name) is not None

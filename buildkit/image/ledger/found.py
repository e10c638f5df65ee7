"""What should not be in an image: secrets, in any layer and in the history, and tools that only a build needs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from buildkit.image.ledger.saved import Saved
from buildkit.image.ledger.tree import File, Tree

_SECRET_NAMES = re.compile(
    r"(^|/)(\.env(\.(?!example$|sample$|template$)[\w-]+)?|\.netrc|_netrc|\.pypirc|\.pgpass|\.git-credentials"
    r"|\.aws/credentials|\.docker/config\.json|id_(rsa|dsa|ecdsa|ed25519))$"
)
_PRIVATE_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")
_CREDENTIALS = re.compile(r"://[^/\s:@$]+:(?!\$)[^/\s@$]+@")
_ASSIGNED = re.compile(
    r"\b(?P<name>\w*(?:PASSWORD|PASSWD|SECRET|API_KEY|ACCESS_KEY|TOKEN))=(?P<value>(?!\$)(\"[^\"$]+\"|'[^'$]+'|[^\s\"'$]+))",
    re.IGNORECASE,
)
_TOOLS = re.compile(
    r"^(usr/)?(local/)?bin/(gcc|g\+\+|cc|c\+\+|clang|make|cmake|ninja|cargo|rustc|git|uv|poetry|pdm)(-\d+)?$"
)
_OF_TESTS = re.compile(r"(^|/)(tests?|testing|examples?|docs?)/")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not be there.

    Args:
        what: `secret` or `build tool`.
        where: the path or the instruction.
        words: why it counts, and in which layer it is.
    """

    what: str
    where: str
    words: str


def secrets(saved: Saved, tree: Tree) -> Iterator[Finding]:
    """Yield what looks like a secret: values are never shown."""
    for file in tree.files:
        words = _secret(file)
        if words:
            hidden = f", and only hidden by layer {file.hidden_by}: it can be read there" if file.hidden_by else ""
            yield Finding("secret", file.path, f"{words}, in layer {file.layer}{hidden}")
    for number, step in enumerate(saved.history, start=1):
        if _CREDENTIALS.search(step):
            yield Finding("secret", f"step {number} of the history", "an address with a password")
        for name in dict.fromkeys(found["name"] for found in _ASSIGNED.finditer(step)):
            yield Finding("secret", f"step {number} of the history", f"a value of {name}")


def masked(step: str) -> str:
    """Return an instruction without the secrets that stand in it."""
    return _ASSIGNED.sub(r"\g<name>=***", _CREDENTIALS.sub("://***@", step))


def build_tools(tree: Tree) -> Iterator[Finding]:
    """Yield the tools that a service does not need when it runs."""
    for path, file in sorted(tree.seen.items()):
        if _TOOLS.match(path):
            yield Finding("build tool", path, f"in layer {file.layer}")
    for path in sorted(tree.links):
        if _TOOLS.match(path):
            yield Finding("build tool", path, f"a link to {posixpath.basename(tree.links[path])}")


def _secret(file: File) -> str:
    if not file.size or _OF_TESTS.search(file.path):
        return ""
    if _SECRET_NAMES.search(file.path):
        return "a file of that name holds secrets"
    if posixpath.basename(file.path) in {"pip.conf", "uv.toml"} and _CREDENTIALS.search(
        file.beginning.decode("utf-8", "replace")
    ):
        return "it has an address with a password"
    if file.binary is None and not file.path.endswith((".py", ".pyc")) and _PRIVATE_KEY.search(file.beginning):
        return "a private key"
    return ""

"""What a build takes from elsewhere under a name that means something else tomorrow."""

from __future__ import annotations

import re
from collections.abc import Iterator

from buildkit.image.review.build import Build
from buildkit.image.review.finding import Remark

_FILE = re.compile(r"https?://(?!.*\.git(?:#.*)?$)(?!(?:www\.)?github\.com/[^/]+/[^/]+/?(?:#.*)?$)\S+")


def findings(build: Build) -> Iterator[Remark]:
    """Yield a remark for each image without a version, and each file without a checksum."""
    named = {each.name for each in build.parsed.stages}
    for base in build.bases:
        name = base.name or ""
        if not name or "@" in name or name.lower() in named or name == "buildkit":
            continue
        tag = name.rpartition("/")[2].partition(":")[2]
        if tag not in {"", "latest"} or (base.copied and tag == "" and "/" not in name and ":" not in name):
            continue
        written = base.instruction.written
        versioned = f"{name.removesuffix(':latest')}:VERSION"
        says = f"{name} is another image tomorrow: all below it is built anew then, and may behave otherwise"
        yield Remark(
            "unpinned",
            base.instruction.line,
            says,
            (re.sub(rf"{re.escape(name)}(?![\w:.-])", versioned, written, count=1),),
        )
    for step in build.steps:
        each = step.instruction
        if each.name == "ADD" and not each.flag("checksum"):
            address = next((word for word in each.arguments[:-1] if _FILE.match(word)), "")
            if address:
                says = f"whatever {address} is at the time goes in: nothing checks it"
                remedy = each.written.replace("ADD ", "ADD --checksum=sha256:DIGEST ", 1)
                yield Remark("add-unchecked", step.line, says, (remedy, f"# DIGEST: curl -sL {address} | sha256sum"))

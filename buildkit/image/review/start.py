"""How the container starts: whether signals reach the program, and as which user it runs."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath

from buildkit.image.review.build import Build, Step
from buildkit.image.review.finding import Remark
from buildkit.image.review.shell import commands

_ROOT = re.compile(r"(?:root|0)(?::.*)?")
_BEGIN_AS_ROOT = re.compile(
    r"(?:docker\.io/)?(?:library/)?(?:python|debian|ubuntu|alpine|pypy|fedora|centos|rockylinux|amazonlinux|almalinux|node)(?:[:@].*)?"
    r"|ghcr\.io/astral-sh/uv(?:[:@].*)?|.*python-slim.*"
)
"""Images that set no user."""
_DROPS = re.compile(
    r"\b(?:uwsgi|supervisord|nginx|gosu|su-exec|setpriv|runuser|chpst|s6-setuidgid|sudo -u|su -|su \w|--uid|--user)\b"
)
_WAITS = re.compile(r"\bexec\b|\btrap\b|s6-|supervisord|\bwait\b")


def findings(build: Build) -> Iterator[Remark]:
    """Yield what is wrong with `CMD`, `ENTRYPOINT` and `USER`."""
    last = {step.instruction.name: step for step in build.kept}
    for name in ("ENTRYPOINT", "CMD"):
        if name in last:
            yield from _form(build, last[name])
    yield from _user(build, last)


def _form(build: Build, step: Step) -> Iterator[Remark]:
    each = step.instruction
    if each.listed is not None:
        yield from _script(build, step, each.listed)
    elif each.text.startswith("["):
        says = f"{each.name} is no JSON (only double quotes are), so a shell gets it as a text and fails"
        words = re.findall(r"[^\[\],\s'\"“”]+", each.text)
        yield Remark("not-json", step.line, says, (f"{each.name} {json.dumps(words, ensure_ascii=False)}",), wrong=True)
    elif each.text and not each.text.lstrip().startswith("exec "):
        says = f"{each.name} is in shell form: the shell is process 1, and the program behind it gets no signal to stop"
        yield Remark("no-signals", step.line, says, (_listed(each.name, each.text),))


def _listed(name: str, text: str) -> str:
    """Return the JSON form; with a shell that hands its place over where the text needs one."""
    found = commands(text)
    plain = len(found) == 1 and not found[0].assigned and not re.search(r"[$`|&;<>*?(){}~#]", text)
    if plain:
        return f"{name} {json.dumps(shlex.split(text), ensure_ascii=False)}"
    head, joint, tail = text.rpartition("&& ")
    return f"{name} {head}{joint}exec {tail.strip()}"


def _script(build: Build, step: Step, words: tuple[str, ...]) -> Iterator[Remark]:
    """Look into a script of the context that stays in front of the program."""
    name = next((word for word in words[:2] if word.endswith(".sh")), "")
    place = _place(build, name) if name else ""
    lines = build.text(place).splitlines() if place else []
    code = [
        (number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")
    ]
    if not code or _WAITS.search("\n".join(line for _, line in code)) or not lines[0].startswith("#!"):
        return
    number, line = code[-1]
    found = commands(line)
    if not found or not found[-1].words or line.rstrip().endswith(("&", "fi", "done", "}", "esac")):
        return
    says = f"{step.instruction.name} starts {name}, whose last command stays behind a shell and gets no signal to stop"
    yield Remark("no-signals", number, says, (f"exec {line.strip()}",), file=place)


def _place(build: Build, name: str) -> str:
    """Return the file of the context that a path in the image was copied from; empty if that is not known."""
    wanted = PurePosixPath(name).name
    for step in reversed(build.kept):
        for source in build.sources.get(step.line, ()):
            if source.path is None:
                continue
            renamed = step.instruction.arguments[-1].rstrip("/").rpartition("/")[2] == wanted
            if PurePosixPath(source.path).name == wanted or (renamed and (build.root / source.path).is_file()):
                return source.path
            parts = PurePosixPath(name.lstrip("./")).parts
            for inside in ("/".join(parts[start:]) for start in range(len(parts))):
                path = f"{source.path}/{inside}" if source.path else inside
                if (build.root / path).is_file():
                    return path
    return ""


def _user(build: Build, last: dict[str, Step]) -> Iterator[Remark]:
    step = last.get("USER")
    if step is None and not _BEGIN_AS_ROOT.fullmatch(build.base):
        return
    if step is not None and not _ROOT.fullmatch(step.user):
        return
    for name in ("ENTRYPOINT", "CMD"):
        words = last[name].instruction.arguments if name in last else ()
        script = next((build.text(_place(build, word)) for word in words if "/" in word or word.endswith(".sh")), "")
        if _DROPS.search(f"{' '.join(words)} {script}"):
            return
    line = step.line if step else build.chain[-1].start.line
    says = "the service runs as root: " + (
        "this is the last USER" if step else f"no USER stands in it, and {build.base} sets none"
    )
    remedy = ("RUN useradd --create-home --uid 10001 service", "USER 10001")
    if "alpine" in build.base:
        remedy = ("RUN adduser -D -u 10001 service", "USER 10001")
    yield Remark("root", line, says, remedy)

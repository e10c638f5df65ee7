"""Downloads that stay in a layer of the image, or that a cache mount would spare the next build."""

from __future__ import annotations

import re
from collections.abc import Iterator

from buildkit.image.review.build import Build, Step
from buildkit.image.review.finding import Remark
from buildkit.image.review.installs import Install
from buildkit.image.review.remedies import whole, with_flag, with_mount

_PLACES = {
    "pip": ("PIP_CACHE_DIR", "pip"),
    "uv": ("UV_CACHE_DIR", "uv"),
    "poetry": ("POETRY_CACHE_DIR", "pypoetry"),
    "pdm": ("PDM_CACHE_DIR", "pdm"),
    "pipenv": ("PIPENV_CACHE_DIR", "pipenv"),
}
"""The variable that names the folder of a tool's cache, and its usual name."""

_OFF = {
    "pip": (("--no-cache-dir", "--no-cache"), "PIP_NO_CACHE_DIR"),
    "uv": (("--no-cache", "--no-cache-dir", "-n"), "UV_NO_CACHE"),
    "poetry": (("--no-cache",), "POETRY_NO_CACHE"),
    "pdm": (("--no-cache",), "PDM_NO_CACHE"),
    "pipenv": (("--clear",), "PIP_NO_CACHE_DIR"),
}
_CLEANED = re.compile(r"(?:pip cache (?:purge|remove)|uv cache (?:clean|prune)|poetry cache clear|pdm cache clear)\b")
_LINKED = frozenset(["uv"])
"""Tools whose cache shares its files with what is installed, so that a layer holds them once."""

_LISTS = re.compile(r"/var/lib/apt(?:/lists)?(?:/|$)|/var/lib/\*|/var/cache/apk|/var/cache/(?:yum|dnf)")


def findings(build: Build) -> Iterator[Remark]:
    """Yield a remark for each install that leaves its downloads, or has nowhere to keep them."""
    for step in build.steps:
        told: set[str] = set()
        for each in step.installs:
            if each.tool not in _PLACES or each.tool in told or build.is_again(step, each):
                continue
            if _keeps_nothing(step, each):
                found = _of_python(step, each)
                told.update([each.tool] if found else ())
                yield from found
        if step.kept:
            yield from _of_system(step)


def _keeps_nothing(step: Step, each: Install) -> bool:
    """Whether an install has a cache, and no mount holds it."""
    flags, variable = _OFF[each.tool]
    if each.has(*flags) or step.set(variable) or each.action == "download":
        return False
    if each.has("--no-index", "--no-deps", "--only-root") or _removed(step, each.tool):
        return False
    named, usual = _PLACES[each.tool]
    own = step.variables.get(named) or ""
    return not any(_covers(place, usual, own) for place in step.cached)


def _covers(place: str, usual: str, own: str) -> bool:
    usual = usual.removeprefix("py")
    return (bool(own) and f"{own}/".startswith(f"{place.rstrip('/')}/")) or usual in place or place.endswith(".cache")


def _removed(step: Step, tool: str) -> bool:
    """Whether the same instruction removes the cache again."""
    named, usual = _PLACES[tool]
    own = step.variables.get(named) or ""
    for command in step.commands:
        words = " ".join(command.words)
        if _CLEANED.search(words):
            return True
        if command.words[:1] in {("rm",), ("find",)} and (
            ".cache" in words or usual in words or (own and own in words)
        ):
            return True
        if command.words[:1] == ("rm",) and (named in words or "/root/.[" in words):
            return True
    return False


def _of_python(step: Step, each: Install) -> list[Remark]:
    place = _folder(step, each.tool)
    run = step.instruction.written
    mounted = with_mount(run, place) if place else ""
    instead = whole(step.instruction, mounted or with_flag(run, each, _OFF[each.tool][0][0]))
    if step.kept and each.tool not in _LINKED:
        says = f"what {each.tool} downloads stays in this layer of the image; a cache mount keeps it for the next build"
        return [Remark("cache-in-layer", step.line, says if mounted else says.partition(";")[0], instead)]
    if each.of_project and mounted:
        says = f"each change of the list downloads every package again: {each.tool} has no cache mount"
        return [Remark("no-cache-mount", step.line, says, instead)]
    return []


def _folder(step: Step, tool: str) -> str:
    """Return where a tool keeps its cache; empty where that is not known, or belongs to another user than root."""
    named, usual = _PLACES[tool]
    if own := step.variables.get(named):
        return own
    if step.user not in {"", "root", "0", "0:0", "root:root"}:
        return ""
    home = step.variables.get("XDG_CACHE_HOME") or f"{step.variables.get('HOME') or '/root'}/.cache"
    return f"{home}/{usual}"


def _of_system(step: Step) -> Iterator[Remark]:
    """Yield what is left of the lists of packages."""
    words = [" ".join(command.words) for command in step.commands]
    cleaned = any(
        (text.startswith(("rm ", "find ")) and _LISTS.search(text)) or re.search(r"\bdist-?clean\b|\bclean all\b", text)
        for text in words
    )
    if cleaned or any(_LISTS.match(place) for place in step.cached):
        return
    if any(re.match(r"(?:apt|apt-get|aptitude) (?:-\S+ )*update\b", text) for text in words):
        says = "the lists of packages that apt fetches stay in this layer of the image (20 MB and more)"
        yield Remark("cache-in-layer", step.line, says, whole(step.instruction, last="rm -rf /var/lib/apt/lists/*"))
    elif any(each.tool == "apk" and not each.has("--no-cache") for each in step.installs):
        says = "the index that apk fetches stays in this layer of the image"
        yield Remark(
            "cache-in-layer",
            step.line,
            says,
            tuple(re.sub(r"\bapk add\b", "apk add --no-cache", line) for line in whole(step.instruction)),
        )
    elif any(each.tool == "dnf" for each in step.installs):
        says = "what the package manager downloads stays in this layer of the image"
        yield Remark("cache-in-layer", step.line, says, whole(step.instruction, last="dnf clean all"))

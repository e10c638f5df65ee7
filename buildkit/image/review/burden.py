"""What the image has and a running service does not need: compilers, headers, packages for tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from buildkit.image.review.build import Build, Step
from buildkit.image.review.finding import Remark
from buildkit.image.review.installs import SYSTEM, Install
from buildkit.image.review.remedies import whole, with_flag

_TOOLS = frozenset(
    [
        "alpine-sdk",
        "autoconf",
        "automake",
        "bison",
        "build-base",
        "build-essential",
        "cargo",
        "clang",
        "cmake",
        "cython3",
        "flex",
        "g++",
        "gcc",
        "gfortran",
        "libtool",
        "linux-headers",
        "llvm",
        "m4",
        "make",
        "meson",
        "ninja-build",
        "pkg-config",
        "pkgconf",
        "rustc",
        "rustup",
        "swig",
        "gcc-c++",
    ]
)
_WEAK = frozenset(["bison", "flex", "m4", "make"])
"""Tools that something else than a compiler may want too."""
_RUNTIME = {
    "libpq-dev": "libpq5",
    "default-libmysqlclient-dev": "libmariadb3",
    "libmariadb-dev": "libmariadb3",
    "libmagic-dev": "libmagic1",
    "libxml2-dev": "libxml2",
    "libxslt1-dev": "libxslt1.1",
    "libxslt-dev": "libxslt1.1",
    "libjpeg-dev": "libjpeg62-turbo",
    "libffi-dev": "",
    "libssl-dev": "",
    "zlib1g-dev": "",
    "python3-dev": "",
    "postgresql-dev": "libpq",
}
"""Headers, and what a program needs of them when it runs; nothing where every base of Python has it."""

_FULL = re.compile(
    r"(?:docker\.io/|index\.docker\.io/)?(?:library/)?python(?::(?:latest|[23](?:\.\d+)*(?:-?rc\d*)?)?"
    r"(?:-?(?:trixie|bookworm|bullseye|buster|stretch))?)?(?:@.*)?"
)
_TESTS = re.compile(
    r"(?:pytest(?:[-_][\w-]+)?|ruff|mypy|black|flake8(?:-[\w-]+)?|isort|pylint|tox|nox|coverage|pre-commit|bandit|hypothesis)"
    r"(?:\[.*|[=<>!~;].*)?"
)
_OF_TESTS = re.compile(r"(?:^|[-_./])(?:dev|devel|development|test|tests|testing|lint)(?:[-_./]|$)")
_GROUPS = frozenset(["dev", "test", "tests", "testing", "lint", "development", "docs"])


def findings(build: Build) -> Iterator[Remark]:
    """Yield what the last stages have and need not."""
    yield from _full_base(build)
    removed_later = {name for step in build.kept for name in removed(step)}
    for step in build.kept:
        gone = removed(step)
        names = [
            name for each in step.installs if each.tool in SYSTEM and not _virtual(each, gone) for name in each.packages
        ]
        plain = dict.fromkeys(re.split(r"[=:~@<>]", name)[0] for name in names)
        found = [name for name in plain if is_for_building(name) and name not in gone]
        if {*found} - _WEAK:
            late = removed_later & {*found}
            yield _tools(step, found, "; to remove them later leaves them in this layer" if late else "")
    yield from _tests(build)


def _full_base(build: Build) -> Iterator[Remark]:
    if not _FULL.fullmatch(build.base):
        return
    name, _, tag = build.base.partition("@")[0].partition(":")
    version = re.match(r"[\d.]+", tag)
    slim = f"{name}:{version[0] if version else '3'}-slim"
    start = build.chain[0].start
    after = f" AS {build.chain[0].name}" if build.chain[0].name else ""
    says = f"{build.base} has compilers, git and headers of Debian, about 900 MB more than {slim}"
    yield Remark("build-tools", start.line, says, (f"FROM {slim}{after}",))


def is_for_building(name: str) -> bool:
    """Return whether only building needs a package of the system."""
    return (
        name in _TOOLS
        or name.endswith(("-dev", "-devel", "-headers"))
        or re.fullmatch(r"(?:gcc|g\+\+|clang)-\d+", name) is not None
    )


def removed(step: Step) -> set[str]:
    """Return the packages that an instruction removes."""
    found: set[str] = set()
    for command in step.commands:
        words = command.words
        if words and words[0] in {"apt", "apt-get", "aptitude", "apk", "dnf", "yum", "microdnf"}:
            at = next((at for at, word in enumerate(words) if word in {"purge", "remove", "autoremove", "del"}), 0)
            found |= {word for word in words[at + 1 :] if not word.startswith("-")} if at else set()
    return found


def _virtual(each: Install, removed: set[str]) -> bool:
    return any(name in removed for name in each.value("-t", "--virtual"))


def _tools(step: Step, found: list[str], late: str) -> Remark:
    says = f"{', '.join(found)} {'is' if len(found) == 1 else 'are'} in the image, and only building needs them{late}"
    runtime = [needed for name in found if (needed := _RUNTIME.get(name, ""))]
    return Remark("build-tools", step.line, says, _stages(step, runtime))


def _stages(step: Step, runtime: list[str]) -> tuple[str, ...]:
    return (
        f"FROM {step.stage.base} AS build",
        *whole(step.instruction),
        "RUN python -m venv /opt/venv && /opt/venv/bin/pip install ...",
        f"FROM {step.stage.base}",
        *(
            [f"RUN apt-get update && apt-get install -y {' '.join(runtime)} && rm -rf /var/lib/apt/lists/*"]
            if runtime
            else []
        ),
        "COPY --from=build /opt/venv /opt/venv",
        "ENV PATH=/opt/venv/bin:$PATH",
    )


def _tests(build: Build) -> Iterator[Remark]:
    for step in build.steps:
        if not step.kept and not _is_taken(build, step):
            continue
        for each in step.installs:
            words = _of_tests(build, step, each)
            if words:
                yield Remark("test-packages", step.line, f"{words[0]} in the image", _instead(step, each, words[1]))
                break


def _instead(step: Step, each: Install, run: str) -> tuple[str, ...]:
    """Return the instruction without what is for tests; a stage for it where nothing would be left of an install."""
    rest = run.partition(each.action)[2].partition("&&")[0].split()
    if each.of_project and not (each.files or each.local):
        return whole(step.instruction, run)
    if any(not word.startswith("-") for word in rest) or "-r" in rest:
        return whole(step.instruction, run)
    return (
        "# in a stage that the image is not built from:",
        f"FROM {step.stage.name or step.stage.base} AS test",
        *whole(step.instruction),
    )


def _is_taken(build: Build, step: Step) -> bool:
    """Whether the environment that a stage fills is copied into the image."""
    names = {step.stage.name, str(build.parsed.stages.index(step.stage))}
    for other in build.kept:
        if {*other.instruction.flag("from")} & names and other.instruction.name == "COPY":
            text = " ".join(other.instruction.arguments[:-1])
            return re.search(r"venv|site-packages|/usr/local|/install|\.local|/opt|/app", text) is not None
    return False


def _of_tests(build: Build, step: Step, each: Install) -> tuple[str, str] | None:
    """Return what of an install is for tests, and the instruction without it."""
    run = step.instruction.written
    if each.tool in SYSTEM:
        return None
    named = [name for name in each.packages if _TESTS.fullmatch(name)]
    if named:
        return f"{', '.join(named)} {'is' if len(named) == 1 else 'are'}", _without(run, named)
    for name in each.files:
        if _OF_TESTS.search(PurePosixPath(name).name.partition(".txt")[0]) or _OF_TESTS.search(
            str(PurePosixPath(name).parent)
        ):
            return f"what {name} lists is", re.sub(rf"\s+(?:-r|--requirement)[ =]?{re.escape(name)}", "", run)
    groups = {*each.value("--group", "--with")} & (_GROUPS - {"docs"})
    if groups:
        without = re.sub(rf"\s+--(?:group|with)[ =](?:{'|'.join(groups)})\b", "", run)
        return f"the group {', '.join(sorted(groups))} is", without
    extras = {
        extra.strip()
        for local in each.local
        for extra in local.rpartition("[")[2].rstrip("]").split(",")
        if "[" in local
    }
    if extras & _GROUPS - {"docs"}:
        wanted = ", ".join(sorted(extras & _GROUPS))
        return f"the extra {wanted} is", re.sub(r"\[[^\]]*\]", "", run)
    return _of_group(build, step, each, run)


def _without(run: str, named: list[str]) -> str:
    for name in named:
        run = run.replace(f" {name}", "", 1)
    return run


def _of_group(build: Build, step: Step, each: Install, run: str) -> tuple[str, str] | None:
    settings = build.text("pyproject.toml")
    tool = each.tool
    wrong = ""
    if tool == "poetry" and not each.has("--no-dev", "--only", "--without", "--only-root"):
        wrong = (
            "--only main"
            if re.search(r"\[tool\.poetry\.(?:group\.(?:dev|test|lint)\w*\.)?(?:dev-)?dependencies\]", settings)
            and re.search(r"\[tool\.poetry\.(?:group\.(?:dev|test|lint)|dev-dependencies)", settings)
            else ""
        )
    elif (
        tool == "uv"
        and each.action == "sync"
        and not (
            each.has("--no-dev", "--no-default-groups", "--only-group", "--no-group")
            or step.set("UV_NO_DEV")
            or step.set("UV_NO_DEFAULT_GROUPS")
        )
    ):
        wrong = (
            "--no-dev" if re.search(r"(?ms)^\[dependency-groups\].*?^dev\s*=|^dev-dependencies\s*=", settings) else ""
        )
    elif tool == "pdm" and not each.has("--prod", "--production", "--no-dev", "-G"):
        wrong = "--prod" if "[tool.pdm.dev-dependencies]" in settings or "[dependency-groups]" in settings else ""
    elif tool == "pipenv" and each.has("--dev", "-d"):
        return "the development packages of Pipfile are", re.sub(r"\s+(?:--dev|-d)\b", "", run)
    if not wrong:
        return None
    return "the development group of pyproject.toml is", with_flag(run, each, wrong)

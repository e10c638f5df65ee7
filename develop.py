"""Run a command of this repository on a machine that has Python and a C compiler and nothing else.

    python3 develop.py invoke build
    python3 develop.py pytest

The first call makes `.venv/` with the suite, its development tools and the reference service; later calls find it
unchanged and only run the command, in its place, with `.venv/bin` first on PATH. It needs no root, nothing installed,
not even Debian's python3-venv. What `.venv/` was made from is recorded in it last of all, so a call that was killed
leaves nothing that the next one would take for complete.

Exit codes: the command's own; 1 the tools could not be installed, 2 `.venv/` is somebody else's, 11 no Python with
headers, 127 no such command.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence

ROOT = os.path.dirname(os.path.realpath(__file__))
PLACE = os.path.join(ROOT, ".venv")
PROGRAMS = os.path.join(PLACE, "bin")
PYTHON = os.path.join(PROGRAMS, "python")
MARK = os.path.join(PLACE, "made-by-develop.txt")
INPUTS = ("develop.py", "pyproject.toml", os.path.join("examples", "orbits", "pyproject.toml"))
INSTALLED = ("-e", ".[dev]", "-e", os.path.join("examples", "orbits"))
OLDEST, NEWEST = 10, 14
INDEX = "https://pypi.org/simple"

SUITS = f"""
import os, sys, sysconfig
folders = (sysconfig.get_path("include"), sysconfig.get_path("platinclude"))
headers = any(os.path.isfile(os.path.join(folder, "Python.h")) for folder in folders)
sys.exit(not (sys.version_info >= (3, {OLDEST}) and headers))
"""


class SetUpError(Exception):
    """What went wrong, what to do about it, and the exit code."""

    def __init__(self, code: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


def main(command: list[str]) -> int:
    """Bring `.venv/` up to date, then become `command`; without one, say how to go on."""
    wanted = what_it_is_made_from()
    if recorded() != wanted:
        with_lock(bring_up_to_date, wanted)
    if not command:
        say(f"{PLACE} is ready: python3 develop.py COMMAND…, or: . {os.path.join(PROGRAMS, 'activate')}")
        return 0
    try:
        os.execvpe(command[0], command, inside(os.environ))  # noqa: S606 - the caller's own command
    except FileNotFoundError:
        raise SetUpError(127, f"there is no command {command[0]!r}", "try `invoke --list`") from None


# ---- is it up to date? the path of every call: nothing is imported, no process starts ----


def what_it_is_made_from() -> str:
    """Return what decides over `.venv/`: the interpreter that was asked, and the content of every input."""
    version = ".".join(map(str, sys.version_info[:3]))
    lines = [f"python {version} {asked()}"]
    for name in INPUTS:
        with open(os.path.join(ROOT, name), "rb") as file:
            lines.append(f"{hashlib.sha256(file.read()).hexdigest()} {name}")
    return "\n".join(lines) + "\n"


def recorded() -> str:
    """Return what `.venv/` was made from; empty where it is not complete or its Python has gone."""
    try:
        with open(MARK, encoding="utf-8") as file:
            text = file.read()
    except OSError:
        return ""
    return text if os.access(PYTHON, os.X_OK) else ""


def asked() -> str:
    """Return the interpreter that runs this, or the one that its virtual environment came from."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def inside(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command in `.venv/`."""
    changed = {name: value for name, value in environment.items() if name != "PYTHONHOME"}
    changed["VIRTUAL_ENV"] = PLACE
    changed["PATH"] = os.pathsep.join([PROGRAMS, environment.get("PATH", os.defpath)])
    return changed


# ---- bringing it up to date ----


def with_lock(action: Callable[[str], None], wanted: str) -> None:
    """Run `action(wanted)` while no other call does. Children share the lock, so an orphaned pip still holds it."""
    descriptor = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("another call is setting up .venv; waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.set_inheritable(descriptor, True)
        if recorded() != wanted:
            action(wanted)
    finally:
        os.close(descriptor)


def bring_up_to_date(wanted: str) -> None:
    """Make `.venv/` anew, or install into it again where only the inputs of the same Python changed."""
    before = recorded()
    claim()
    if before.partition("\n")[0] != wanted.partition("\n")[0]:
        make(choose())
    say("installing the suite, its tools and the reference service (about a minute the first time)")
    arguments = ["-m", "pip", "install", "--quiet", "--no-warn-script-location", *INSTALLED]
    if call([PYTHON, *arguments], pip_environment()):
        raise SetUpError(1, "pip could not install the tools", "its words stand above; run the same command again")
    with open(MARK + ".new", "w", encoding="utf-8") as file:
        file.write(wanted)
    os.replace(MARK + ".new", MARK)


def claim() -> None:
    """Mark `.venv/` as ours and as not complete. Refuse one that somebody else made."""
    if not os.path.isdir(PLACE):
        os.mkdir(PLACE)
    elif os.listdir(PLACE) and not os.path.exists(MARK):
        raise SetUpError(
            2, f"{PLACE} is there, but not made by develop.py", "move it away or delete it, then run again"
        )
    with open(MARK, "w", encoding="utf-8"):
        pass


def choose() -> str:
    """Return the first Python that can build extensions: the one that was asked, then the newest on PATH."""
    import shutil

    names = [f"python3.{minor}" for minor in range(NEWEST, OLDEST - 1, -1)]
    for candidate in (asked(), *filter(None, map(shutil.which, names))):
        if call([candidate, "-c", SUITS], os.environ, quiet=True) == 0:
            return candidate
    version = ".".join(map(str, sys.version_info[:2]))
    raise SetUpError(
        11,
        f"no Python from 3.{OLDEST} on with its headers (Python.h): looked at {asked()} and on PATH for {names[0]}…",
        f"Debian, Ubuntu: apt-get install python3-dev  (this one: python{version}-dev)\n"
        "      Fedora: dnf install python3-devel    macOS: brew install python",
    )


def make(python: str) -> None:
    """Make `.venv/` from nothing for `python`, with pip in it."""
    import shutil

    say(f"making .venv with {python}")
    for entry in os.scandir(PLACE):
        if entry.path == MARK:
            continue
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)
    if call([python, "-m", "venv", "--without-pip", PLACE], os.environ):
        raise SetUpError(
            11, f"{python} cannot make a virtual environment", "Debian, Ubuntu: apt-get install python3-venv"
        )
    # Debian ships ensurepip apart from Python, in python3-venv.
    if call([PYTHON, "-m", "ensurepip", "--default-pip"], pip_environment(), quiet=True):
        install_pip(os.path.join(PLACE, "pip"))


def install_pip(folder: str) -> None:
    """Install pip from the package index by pip's own wheel, which can run as it is."""
    import re
    import urllib.error
    import urllib.parse
    import urllib.request

    index = os.environ.get("PIP_INDEX_URL", INDEX).rstrip("/") + "/pip/"
    try:
        page = fetch(index).decode()
        newest = newest_pip(page)
        if newest is None:
            raise SetUpError(
                1, f"{index} offers no wheel of pip", "check PIP_INDEX_URL, or install Debian's python3-venv"
            )
        link, digest = newest
        wheel = fetch(urllib.parse.urljoin(index, link))
    except (urllib.error.URLError, OSError) as error:
        shown = re.sub(r"//[^/@]*@", "//…@", index)
        raise SetUpError(
            1,
            f"pip cannot be fetched from {shown}: {error}",
            "check the network, PIP_INDEX_URL and SSL_CERT_FILE, or install Debian's python3-venv",
        ) from None
    if hashlib.sha256(wheel).hexdigest() != digest:
        raise SetUpError(1, f"the wheel of pip from {index} is damaged", "run the same command again")
    os.makedirs(folder, exist_ok=True)
    file = os.path.join(folder, link.rsplit("/", 1)[-1])
    with open(file, "wb") as out:
        out.write(wheel)
    if call([PYTHON, os.path.join(file, "pip"), "install", "--quiet", "--no-index", file], pip_environment()):
        raise SetUpError(1, "pip could not install itself", "its words stand above")


def newest_pip(page: str) -> tuple[str, str] | None:
    """Return link and SHA-256 of the newest final pip on an index page (PEP 503) that this Python can run, or None."""
    import html
    import re

    found = []
    for tag in re.findall(r"<a\s[^>]*>", page):
        link = re.search(r'href="([^"#]*/pip-([\d.]+)-py3-none-any\.whl)#sha256=([0-9a-f]{64})"', tag)
        needs = re.search(r'data-requires-python="[^"]*>=\s*3\.(\d+)', html.unescape(tag))
        if link and "data-yanked" not in tag and (needs is None or int(needs[1]) <= sys.version_info[1]):
            found.append((tuple(map(int, link[2].split("."))), link[1], link[3]))
    if not found:
        return None
    _, address, digest = max(found)
    return address, digest


def fetch(url: str) -> bytes:
    """Return what `url` answers; TLS trusts PIP_CERT, or else what OpenSSL does (SSL_CERT_FILE)."""
    import ssl
    import urllib.request

    context = ssl.create_default_context(cafile=os.environ.get("PIP_CERT") or None)
    with urllib.request.urlopen(url, timeout=60, context=context) as answer:  # noqa: S310 - the index that was set
        return bytes(answer.read())


def pip_environment() -> dict[str, str]:
    """Return the environment of pip. A bundled, older pip does not know SSL_CERT_FILE; PIP_USER would mislead any."""
    environment = inside(os.environ)
    environment["PIP_USER"] = "0"
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    if "SSL_CERT_FILE" in environment:
        environment.setdefault("PIP_CERT", environment["SSL_CERT_FILE"])
    return environment


def call(command: Sequence[str], environment: Mapping[str, str], *, quiet: bool = False) -> int:
    """Run `command` to its end in the repository's folder and return its exit code; 127 where it cannot start."""
    import subprocess

    # What pip says goes to stderr: stdout belongs to the command that was asked for.
    output = subprocess.DEVNULL if quiet else sys.stderr.fileno()
    try:
        return subprocess.call(
            command, cwd=ROOT, env=environment, close_fds=False, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    except OSError:
        return 127


def say(text: str) -> None:
    """Say one line on stderr."""
    print(f"develop: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SetUpError as error:
        print(f"error: {error}\n\nhint: {error.hint}", file=sys.stderr)
        sys.exit(error.code)
    except KeyboardInterrupt:
        sys.exit(130)

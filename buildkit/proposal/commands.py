"""The command that runs a service while one works on it, and the one that runs it in an image."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from buildkit.proposal.applications import ASGI, WSGI, Application
from buildkit.proposal.look import Look
from buildkit.proposal.starts import Start

_PORT = "8000"
_DEBUGS = re.compile(r"^\s*(?:export )?FLASK_DEBUG\s*=\s*['\"]?(?:1|true|on)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Commands:
    """How a service is run.

    Args:
        dev: program and arguments for `invoke dev`.
        image: those for a container.
        reason: what they were found by.
        listens: whether it answers on the port that it is given.
        lacks: a server that the project does not declare to need; empty if it has one.
    """

    dev: tuple[str, ...]
    image: tuple[str, ...]
    reason: str
    listens: bool = True
    lacks: str = ""


def chosen_application(applications: Iterable[Application], starts: Iterable[Start]) -> Application | None:
    """Return the application that is served: the one that a command of the project names, or the likeliest."""
    found = list(applications)
    for start in starts:
        module, name = start.target
        for each in found:
            if (each.module, each.name) == (module, name) or (each.module.endswith(f".{module}") and each.name == name):
                return each
    served = [each for each in found if each.framework in ASGI | WSGI | {"aiohttp"} and not each.needs]
    likely = [each for each in served if not each.factory]
    argument = [each for each in found if each.framework == "aiohttp" and each.needs == 1]
    return next(iter([*likely, *served, *argument]), None)


def commands_of(
    look: Look, chosen: Application | None, starts: Iterable[Start], needs: Collection[str], source_root: str
) -> Commands | None:
    """Return how a service is run; None if nothing says so.

    Args:
        look: the project.
        chosen: the application that it serves; None for one that serves none.
        starts: the commands that start it today.
        needs: the names of the packages that it declares to need.
        source_root: where its packages are.
    """
    if chosen is None:
        return _of_worker(look, list(starts), source_root)
    reason = f"{chosen.place}: {chosen.framework}"
    if chosen.framework in ASGI:
        return _asgi(chosen, needs, reason)
    if chosen.framework == "aiohttp":
        return _aiohttp(chosen, look, source_root, reason)
    return _wsgi(chosen, needs, reason, reloads=_reloads(look))


def _asgi(chosen: Application, needs: Collection[str], reason: str) -> Commands:
    if "uvicorn" not in needs and "granian" in needs:
        factory = ["--factory"] if chosen.factory else []
        command = ["granian", "--interface", "asgi", *factory, chosen.target]
        return Commands(
            (*command, "--port", "{port}"),
            (*command, "--host", "0.0.0.0", "--port", _PORT),  # noqa: S104 - as below
            reason,
        )
    if "uvicorn" not in needs and "hypercorn" in needs:
        target = f"{chosen.target}()" if chosen.factory else chosen.target
        return Commands(
            ("hypercorn", target, "--bind", "127.0.0.1:{port}"),
            ("hypercorn", target, "--bind", f"0.0.0.0:{_PORT}"),
            reason,
        )
    command = ["uvicorn", *(["--factory"] if chosen.factory else []), chosen.target]
    return Commands(
        (*command, "--port", "{port}"),
        (*command, "--host", "0.0.0.0", "--port", _PORT),  # noqa: S104 - a container is reached from outside
        reason,
        lacks="" if "uvicorn" in needs else "uvicorn",
    )


def _reloads(look: Look) -> bool:
    """Return whether the project tells Flask to debug, and with it to reload."""
    said = (look.texts.get(name, "") for name in (".flaskenv", ".env"))
    return any(_DEBUGS.search(text) for text in said)


def _wsgi(chosen: Application, needs: Collection[str], reason: str, *, reloads: bool) -> Commands:
    called = f"{chosen.target}()" if chosen.factory else chosen.target
    served: tuple[str, ...] = ()
    if "gunicorn" in needs:
        served = ("gunicorn", called, "--bind", f"0.0.0.0:{_PORT}")
    elif "waitress" in needs:
        factory = ("--call",) if chosen.factory else ()
        served = ("waitress-serve", f"--listen=0.0.0.0:{_PORT}", *factory, chosen.target)
    if chosen.framework == "flask":
        flask = ("flask", "--app", chosen.target, "run")
        return Commands(
            (*flask, "--port", "{port}", *(["--no-reload"] if reloads else [])),
            served or (*flask, "--host", "0.0.0.0", "--port", _PORT),  # noqa: S104 - as above
            reason,
        )
    local = tuple(word.replace(f"0.0.0.0:{_PORT}", "127.0.0.1:{port}") for word in served)
    gunicorn = ("gunicorn", called, "--bind")
    return Commands(
        local or (*gunicorn, "127.0.0.1:{port}"),
        served or (*gunicorn, f"0.0.0.0:{_PORT}"),
        reason,
        lacks="" if served else "gunicorn",
    )


def _aiohttp(chosen: Application, look: Look, source_root: str, reason: str) -> Commands:
    if chosen.factory and chosen.takes:  # what aiohttp.web calls gets the arguments
        command = ("python", "-m", "aiohttp.web")
        return Commands(
            (*command, "-H", "127.0.0.1", "-P", "{port}", chosen.target),
            (*command, "-H", "0.0.0.0", "-P", _PORT, chosen.target),  # noqa: S104 - as above
            reason,
        )
    module = _main_module(look, source_root) or chosen.module
    return Commands(("python", "-m", module), ("python", "-m", module), reason, listens=False)


def _of_worker(look: Look, starts: list[Start], source_root: str) -> Commands | None:
    """Return the command of a project that serves no application that is known: as it is started, or its program."""
    for start in starts:
        if start.is_server and not any("$" in word for word in start.words):
            return _as_started(start)
    for start in starts:
        if not start.is_server and start.name != "release" and not any("$" in word for word in start.words):
            return Commands(start.words, start.words, start.place, listens=False)
    scripts = {**look.table("tool", "poetry", "scripts"), **look.table("project", "scripts")}
    for name, target in scripts.items():
        if isinstance(target, str):
            return Commands((name,), (name,), f"pyproject.toml: the program {name}", listens=False)
    module = _main_module(look, source_root)
    if module:
        command = ("python", "-m", module)
        return Commands(command, command, f"{module}/__main__.py", listens=False)
    return None


_ADDRESS = re.compile(r"(.*?)(?:0\.0\.0\.0|127\.0\.0\.1|localhost|\[::\]|)?:(\d{2,5})")
_OF_PORTS = frozenset({"--port", "-p"})
_OF_HOSTS = frozenset({"--host", "--interface"})


def _as_started(start: Start) -> Commands:
    """Return the commands of a server as a file of the project starts it, with other addresses."""
    words = [start.program, *start.words[start.words.index("-m") + 2 if "-m" in start.words[:2] else 1 :]]
    dev, image = list(words), list(words)
    told = False
    for at, word in enumerate(words):
        before = words[at - 1] if at else ""
        address = _ADDRESS.fullmatch(word)
        if before in _OF_PORTS and word.isdecimal():
            dev[at], image[at], told = "{port}", _PORT, True
        elif before in _OF_HOSTS:
            dev[at] = "127.0.0.1"
        elif address and "/" not in word:
            dev[at], image[at], told = f"{address[1]}127.0.0.1:{{port}}", f"{address[1]}0.0.0.0:{_PORT}", True
    if not told:
        flag = "--bind" if start.program in {"gunicorn", "hypercorn"} else "--port"
        dev += [flag, "127.0.0.1:{port}" if flag == "--bind" else "{port}"]
        image += [flag, f"0.0.0.0:{_PORT}"] if flag == "--bind" else ["--host", "0.0.0.0", flag, _PORT]  # noqa: S104
    dev = [word for word in dev if word not in {"--reload", "--preload"}]
    return Commands(tuple(dev), tuple(word for word in image if word != "--reload"), f"{start.place}: as it is started")


def _main_module(look: Look, source_root: str) -> str:
    """Return the package that `python -m` runs; empty if there is none."""
    prefix = "" if source_root == "." else f"{source_root}/"
    found = [name for name in look.names if name.startswith(prefix) and name.endswith("/__main__.py")]
    places = [name.removeprefix(prefix).removesuffix("/__main__.py") for name in found]
    usual = [place for place in places if not {"tests", "docs", "examples"} & {*place.split("/")}]
    return min(usual, key=lambda place: (place.count("/"), place), default="").replace("/", ".")


def shown(words: Iterable[str]) -> str:
    """Return a command as it is typed."""
    return shlex.join(words)

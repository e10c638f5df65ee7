"""Headers that modules declare for others (`cdef public`, `cdef api`) are in their places before any C is compiled.

Who includes one says so in C alone, often by way of a header of the user's; so its maker is translated before anything
is compiled, and the look after that sees the header as it is now. Modules may use each other's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from buildkit.compile.cython.translator import Translator
from buildkit.compile.module import Module
from buildkit.compile.roles import declares_public, included
from buildkit.config import Config
from buildkit.doors import reading
from buildkit.doors.locks import Held
from buildkit.extensions.cython.translation import NotTranslated
from buildkit.extensions.decide import Plan
from buildkit.extensions.output_folder import Foreign, OutputFolder, own_files
from buildkit.extensions.pool import Job, JobResult, WarmTranslators, in_parallel
from buildkit.extensions.sight import Sight
from buildkit.model import Action, Digest, Step

_ENDING = ".h"
_DEPTH = 3


def header_path(module: Module, name: str) -> str:
    """Return where a header of a module goes: beside its source, relative to the source root."""
    return f"{module.folder}/{name}" if module.folder else name


def foreign(path: str) -> str:
    """Return what is said where a header's place is taken."""
    return (
        f"{path} is to be written, and a file is there that was not made by invoke compile\n"
        "hint: give yours another name; where it is what Cython once wrote, delete it"
    )


def put_in_place(sight: Sight, plan: Plan, lock: Held, warm: WarmTranslators | None = None) -> list[Step]:
    """Put the headers of what is due in their places, and take away those of what is gone.

    Args:
        sight: what was seen.
        plan: what is to be done.
        lock: lets this process alone change the tree.
        warm: translators that are warm already; None for new ones.

    Returns:
        The steps whose headers changed; if there are any, what was seen of the others no longer holds.
    """
    due = [step for step in plan.steps if step.action is not Action.LEAVE]
    makers = [step for step in due if _is_maker(sight, step)]
    if not makers:
        return []
    folder = OutputFolder(sight.workspace, sight.remembered, lock)
    jobs: list[Job[Step]] = [partial(_put, sight, folder, step) for step in makers]
    backends, config = sight.backends, sight.workspace.config
    translator = partial(Translator, backends.places, sight.workspace.environment)
    made_with = backends.places, backends.toolchain.parts["toolchain cython"]
    return [*in_parallel(jobs, config.compile.jobs, translator, warm, made_with)]


def _put(sight: Sight, folder: OutputFolder, step: Step, translator: Translator) -> JobResult[Step]:
    """Put the headers of one module in their places; what is wrong with it is said when it is made."""
    own = own_files(sight.remembered, step.subject)
    public: Mapping[str, tuple[Digest, bytes]] = {}
    changed = False
    if step.action is not Action.REMOVE:
        module = sight.subjects[step.subject].module
        with contextlib.suppress(NotTranslated, OSError):
            public = sight.backends.cython.public_headers(module, translator)
            public = {header_path(module, name): each for name, each in public.items()}
        for path, (digest, content) in public.items():
            with contextlib.suppress(Foreign, OSError):
                changed |= folder.put_header(step.subject, path, digest, content)
    idle = {path: digest for path, digest in own if path.endswith(_ENDING) and path not in public}
    folder.leave_only(step.subject, {path: digest for path, digest in own if path not in idle})
    return JobResult([step] if changed or idle else [])


def _is_maker(sight: Sight, step: Step) -> bool:
    """Return whether a module has headers, or says that it is to have some."""
    if any(path.endswith(_ENDING) for path, _ in own_files(sight.remembered, step.subject)):
        return True
    if step.action is Action.REMOVE:
        return False
    module = sight.subjects[step.subject].module
    if not module.source.endswith(".pyx") or module.backend != "cython":
        return False
    config = sight.workspace.config
    texts = (*_texts(config, module.source), *_texts(config, f"{module.source.removesuffix('.pyx')}.pxd"))
    return any(map(declares_public, texts))


def _texts(config: Config, source: str, depth: int = _DEPTH) -> Iterator[bytes]:
    """Yield a source and what it includes."""
    with contextlib.suppress(OSError):
        text = reading.read(config.source / source)
        yield text
        places: Sequence[str] = included(text, source.rpartition("/")[0]) if depth else ()
        for place in places:
            yield from _texts(config, place, depth - 1)

"""Builds each library and shim of a program from its C, then puts all of them in place together.

Libraries know each other's layout. So all are made before any is put in its place, in an order that never leaves two
that do not belong together, even after a kill: then some modules lack their shim, and those that depend on them do not
load.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from functools import partial

from buildkit.compile.cython.translator import Translator
from buildkit.compile.module import Module
from buildkit.doors.clock import Stopwatch
from buildkit.extensions.mypyc.program import MypycProgram, TypesRefused
from buildkit.extensions.mypyc.translation import MypycTranslation, extension_of
from buildkit.extensions.native.refusals import Gone, NotCompiled
from buildkit.extensions.native.work import Linked
from buildkit.extensions.output_folder import OutputFolder
from buildkit.extensions.pool import JobResult
from buildkit.extensions.result import SubjectResult
from buildkit.model import LIBRARY, Action, Digest, Outcome, Reason, Step

SAME = Reason("its C came out the same")

_ERROR = re.compile(r"^(?P<file>[^:\n]+\.pyi?):(?:\d+:)*\s*(?:error|note):", re.MULTILINE)


class Assembly:
    """Builds a program as jobs that run in parallel.

    Args:
        program: the mypyc modules.
        folder: where the extensions go.
        steps: what is planned for each subject.
        say: called with a message when mypy starts.
    """

    def __init__(
        self, program: MypycProgram, folder: OutputFolder, steps: Mapping[str, Step], say: Callable[[str], None]
    ) -> None:
        self._program = program
        self._folder = folder
        self._steps = steps
        self._say = say
        self._waiting = 0
        self._made: dict[str, Linked] = {}
        self._failed: dict[str, str] = {}
        self._seconds: dict[str, float] = {}
        self._lock = threading.Lock()

    def begin(self, _: Translator) -> JobResult[SubjectResult]:
        """Translate the program, and return the jobs that build its extensions; all are put in place, or none."""
        watch = Stopwatch()
        program = self._program
        try:
            translation, at_hand, translated = program.translated(self._say)
        except TypesRefused as error:
            return JobResult(self._refused(str(error), error.translation, watch))
        except OSError as error:
            return JobResult(self._refused(self._folder.message(error), None, watch))
        pairs = [(module, name) for module in program.subjects.values() for name in program.extensions(module)]
        texts = {name: files["texts"].values() for name, files in translation.files.items()}
        sizes = {name: sum(len(at_hand.get(c, b"")) for c in digests) for name, digests in texts.items()}
        pairs.sort(key=lambda pair: -sizes[pair[1]])
        self._waiting = len(pairs)
        make = partial(self._make, translation, at_hand, translated)
        return JobResult(jobs=[partial(make, module, name) for module, name in pairs])

    def _make(
        self,
        translation: MypycTranslation,
        at_hand: Mapping[Digest, bytes],
        translated: bool,
        module: Module,
        name: str,
        _: Translator,
    ) -> JobResult[SubjectResult]:
        """Make one library or shim; who makes the last one puts them all in their places."""
        watch = Stopwatch()
        try:
            made = self._program.native.make(extension_of(module, name, translation.files[name]), at_hand)
        except (NotCompiled, Gone) as error:
            self._failed[name] = str(error)
        except OSError as error:
            self._failed[name] = self._folder.message(error)
        else:
            self._made[name] = made
        self._seconds[name] = watch.seconds
        with self._lock:
            self._waiting -= 1
            if self._waiting:
                return JobResult()
        if not self._failed:
            try:
                return JobResult(self._publish(translation, translated=translated))
            except OSError as error:
                self._failed = dict.fromkeys(self._made, self._folder.message(error))
        return JobResult([self._not_compiled(step) for step in self._steps.values()])

    def _publish(self, translation: MypycTranslation, *, translated: bool) -> list[SubjectResult]:
        """Put all libraries and shims in their places.

        Two libraries that do not know each other's layout must not meet in a process, where they would read past each
        other in silence. So where several files change, each of their modules loses its shim before and gets it back
        afterwards: what is imported between is Python, or refuses to build on it.
        """
        program, made = self._program, self._made
        paths = {name: name.replace(".", "/") + program.suffix for name in made}
        owners = {name: module.name for module in program.subjects.values() for name in program.extensions(module)}
        changed = {name for name, each in made.items() if self._folder.digest(paths[name]) != each.output}
        libraries = sorted(name for name in changed if name.endswith(LIBRARY))
        if len(changed) > 1:
            for name in sorted({name.removesuffix(LIBRARY) for name in changed} & paths.keys()):
                self._folder.delete(paths[name])
        for name in (*libraries, *sorted(set(made) - set(libraries))):
            self._folder.put(owners[name], paths[name], made[name].output, made[name].content)
        done = partial(self._done, translation, translated, paths, changed)
        return [done(module) for module in program.subjects.values()]

    def _done(
        self,
        translation: MypycTranslation,
        translated: bool,
        paths: Mapping[str, str],
        changed: set[str],
        module: Module,
    ) -> SubjectResult:
        step, names = self._steps[module.name], self._program.extensions(module)
        made = [self._made[name] for name in names]
        ran = translated or any(each.ran for each in made)
        if step.action is Action.LEAVE or not changed & {*names}:
            result, reason = "fresh", step.reason if step.action is Action.LEAVE else SAME
        else:
            result, reason = "compiled" if ran else "restored", step.reason
        return SubjectResult(
            Outcome(module.name, result, reason, sum(self._seconds[name] for name in names)),
            translation,
            {paths[name]: each.output for name, each in zip(names, made, strict=True)},
            tuple(sorted({header for each in made for header in each.headers})),
        )

    # ------------------------------------------------------------------ fail

    def _refused(self, words: str, translation: MypycTranslation | None, watch: Stopwatch) -> list[SubjectResult]:
        """Return a failed result for each module: mypy's messages on it, or for the others why no C was generated."""
        said: dict[str, list[str]] = {}
        for line in words.splitlines():
            found = _ERROR.match(line)
            said.setdefault(found["file"] if found else "", []).append(line)
        own = {name: said[module.source] for name, module in self._program.modules.items() if module.source in said}
        first = next((line for lines in said.values() for line in lines), "mypyc made nothing")
        others = f"not compiled, as mypyc takes all its modules or none: {first}"
        everything = not own
        done = []
        for name, step in self._steps.items():
            detail = "\n".join(own.get(name, [words.strip() if everything else others]))
            everything = False
            done.append(SubjectResult(Outcome(name, "failed", step.reason, watch.seconds, detail), translation))
        return done

    def _not_compiled(self, step: Step) -> SubjectResult:
        names = self._program.extensions(self._program.subjects[step.subject])
        words = [self._failed[name] for name in names if name in self._failed]
        others = f"not compiled, as mypyc takes all its modules or none: {next(iter(self._failed))} failed"
        return SubjectResult(Outcome(step.subject, "failed", step.reason, detail=(words or [others])[0].strip()))

"""Carry out a plan, longest first, on all cores; a module that fails does not stop the others."""

from __future__ import annotations

from buildkit.compile.places import OWN
from buildkit.core.fingerprint import key_of
from buildkit.doors.locks import Held
from buildkit.extensions import expected
from buildkit.extensions.decide import Plan
from buildkit.extensions.jobs import results
from buildkit.extensions.output_folder import OutputFolder
from buildkit.extensions.pool import WarmTranslators
from buildkit.extensions.result import Done, Recording, SubjectResult
from buildkit.extensions.sight import Sight
from buildkit.model import LIBRARY, Action, Outcome, Record


def do(sight: Sight, plan: Plan, lock: Held, warm: WarmTranslators | None = None) -> Done:
    """Do what the plan says.

    Args:
        sight: what was seen.
        plan: what was decided.
        lock: lets this process alone change the tree.
        warm: translators that are warm already; None for new ones.
    """
    console = sight.workspace.console
    folder = OutputFolder(sight.workspace, sight.remembered, lock)
    rows = dict(plan.left)
    entries: dict[str, Recording | None] = {}
    gone = [step for step in plan.steps if step.action is Action.REMOVE]
    libraries = [step for step in gone if step.subject.endswith(LIBRARY)]  # what loads them goes before
    for row in plan.left.values():
        if row.result == "restored":
            console.outcome(row)
    for step in gone:
        if step not in libraries:
            folder.take_away(step.subject)
            rows[step.subject] = Outcome(step.subject, "removed", step.reason)
            console.outcome(rows[step.subject])
    number = sum(step.action is Action.MAKE and not step.subject.endswith(LIBRARY) for step in plan.steps)
    if number:
        names = ", then ".join(compiler.name for compiler in sight.backends.toolchain.compilers)
        modules = "one module" if number == 1 else f"{number} modules"
        console.say(f"compiling {modules} for {sight.workspace.config.compile.profile} with {names}")
    with expected.shown(sight, plan.steps) as note:
        for result in results(sight, plan.steps, folder, warm):
            name = result.outcome.subject
            if not result.as_recorded:
                entries[name] = _entry(sight, result)
            _tidy(sight, folder, result)
            if result.outcome.result != "fresh":
                console.outcome(result.outcome)
            rows[name] = result.outcome
            note(result.outcome)
    for step in libraries:
        folder.take_away(step.subject)
        rows[step.subject] = Outcome(step.subject, "removed", step.reason)
    entries |= dict.fromkeys(step.subject for step in gone)
    return Done((*(rows[step.subject] for step in plan.steps), *plan.kept), entries)


def _tidy(sight: Sight, folder: OutputFolder, result: SubjectResult) -> None:
    """Delete the files that a subject had before and has no more.

    If the subject failed, a file of other origin at its extension's path is deleted too, which a success would have
    replaced: otherwise Python would import an old extension in the place of the edited source.
    """
    name = result.outcome.subject
    folder.leave_only(name, result.outputs)
    if not result.outputs and name in sight.modules.compiled:
        folder.delete_unless_folder(sight.extension_path(sight.modules.compiled[name]))


def _entry(sight: Sight, result: SubjectResult) -> Recording | None:
    """Return the new record of a subject: its present inputs, for as long as its result is fresh."""
    if result.basis is None:
        return None
    module = sight.subjects[result.outcome.subject].module
    parts = {**sight.backends.of(module).parts(module), **result.basis.read}
    sets = {}
    if result.outputs or result.headers:
        headers = sight.backends.inputs.headers
        digests = headers.digests(result.headers)
        parts |= {header: digest for header, digest in digests.items() if header.startswith(OWN)}
        label = f"headers {key_of(digests)[:16]}"
        sets[label] = digests
        parts[label] = headers.outside_digest(result.headers, module.folder)
    failure = None if result.outputs else result.failure or result.outcome.detail
    return Recording(Record(key_of(parts), parts, result.outputs), result.basis.probes, failure, sets)

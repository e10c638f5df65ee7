"""What to do with each subject, from what a look saw alone: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from buildkit.core import plan
from buildkit.core.plan import NEVER_MADE
from buildkit.extensions import refused
from buildkit.extensions.sight import Sight, Subject
from buildkit.model import Action, Outcome, Reason, Step

_WORDS = {Action.MAKE: "would-compile", Action.RESTORE: "would-restore", Action.REMOVE: "would-remove"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Args:
        steps: one for each subject, and for each extension whose module is gone.
        left: the outcome of each subject that needs nothing.
        kept: the outcome of each module that stays Python.
    """

    steps: tuple[Step, ...]
    left: Mapping[str, Outcome]
    kept: tuple[Outcome, ...]

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        return len(self.left) == len(self.steps)

    def foretold(self) -> tuple[Outcome, ...]:
        """Return the outcomes of a dry run; for an idle plan these are the real outcomes."""
        rows = (
            self.left.get(step.subject) or Outcome(step.subject, _WORDS[step.action], step.reason)
            for step in self.steps
        )
        return (*rows, *self.kept)


def decide(sight: Sight) -> Plan:
    """Return what to do with each module, and with each extension whose module is gone."""
    steps = [_step(sight, name, subject) for name, subject in sight.subjects.items()]
    gone = (name for name in sight.remembered.subjects() if name not in sight.subjects)
    steps += [Step(name, Action.REMOVE, sight.modules.kept.get(name, Reason("source gone"))) for name in gone]
    failures = sight.remembered.state.failures
    return Plan(
        tuple(steps),
        {step.subject: _left(sight, step, failures.get(step.subject)) for step in steps if step.action is Action.LEAVE},
        tuple(Outcome(name, "kept", reason) for name, reason in sight.modules.kept.items()),
    )


def with_restored(plan: Plan, steps: Iterable[Step]) -> Plan:
    """Return a plan in which what was put back before it was made is told as restored, where nothing else is to do.

    Args:
        plan: is left as it is.
        steps: of the plan before it, which were done so far.
    """
    told = {each.subject: Outcome(each.subject, "restored", each.reason) for each in steps if each.subject in plan.left}
    return replace(plan, left={**plan.left, **told})


def _step(sight: Sight, name: str, subject: Subject) -> Step:
    if not sight.workspace.reuse:
        return Step(name, Action.MAKE, Reason("made anew", "--no-cache"))
    stored = (subject.now.key,) if subject.is_stored else ()
    step = plan.decide(name, subject.now, subject.then, subject.outputs, stored)
    adopted = sight.remembered.adopted and step.action is not Action.LEAVE
    return step._replace(reason=NEVER_MADE) if adopted else step


def _left(sight: Sight, step: Step, words: str | None) -> Outcome:
    """Return what is said of a subject that is left: of one that failed, that it would fail again."""
    if words is None:
        return Outcome(step.subject, "fresh", step.reason)
    may_stay = sight.workspace.config.compile.lets_refused_stay
    return refused.outcome(step.subject, step.reason, 0.0, words, may_stay=may_stay)

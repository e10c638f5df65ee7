"""Does what a plan says is due, step by step, and goes back where a step fails."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping

from buildkit.doors import clock
from buildkit.doors.clock import Stopwatch
from buildkit.errors import BuildkitError, MixedError, ReleaseRefusedError, RestoredError
from buildkit.flows.release_look import Scene
from buildkit.model import Outcome, Reason
from buildkit.release import gates, images, plan, record, verifying
from buildkit.release.plan import Plan, Step
from buildkit.release.sight import Image, Recorded, Service
from buildkit.release.target import Failed, Target
from buildkit.report.console import Console

_KINDS = (plan.MIGRATE, plan.DEPLOY)


class Steps:
    """The steps of one release.

    Args:
        scene: what was seen, and the targets.
        decided: the plan.
        environment: credentials of the registry.
        console: shows each step as it ends.
        only: the names of the services that are released; all of them where empty.
        pushed: the images that were pushed for it just now.
    """

    def __init__(
        self,
        scene: Scene,
        decided: Plan,
        environment: Mapping[str, str],
        console: Console,
        only: Collection[str] = (),
        pushed: Collection[str] = (),
    ) -> None:
        self._scene = scene
        self._plan = decided
        self._environment = environment
        self._console = console
        self._only = only
        self._pushed = pushed
        self._rolled: list[Service] = []
        self.outcomes: list[Outcome] = []

    def run(self, release: str) -> None:
        """Do what is due.

        Raises:
            RestoredError: a step failed, and what ran before serves.
            MixedError: a step failed, and so did the way back.
            UndecidedError: the time of a rollout ran out.
            BuildkitError: anything else that failed; the subclass says what.
        """
        self._fetch()
        with contextlib.ExitStack() as stack:
            for name, image in self._locked().items():
                stack.enter_context(self._scene.targets[name].exclusive(image))
            self._require_latest_record()
            self._run(release)

    def _run(self, release: str) -> None:
        for step in self._plan.steps:
            watch = Stopwatch()
            if step.action != plan.DUE:
                pushed = step.kind == plan.IMAGE and step.subject in self._pushed
                self._note(step, "made" if pushed else step.action, step.reason, watch)
                continue
            try:
                self._do(step, release)
            except Failed as failed:
                self._note(step, "failed", Reason(failed.words), watch, "\n".join(failed.details))
                raise self._back(step, failed, release) from None
            except BuildkitError as error:
                self._note(step, "failed", Reason(error.message), watch, "\n".join(error.details))
                self._skip_rest(step)
                raise
            self._note(step, plan.PASSED if step.kind == plan.GATE else "made", step.reason, watch)

    def _do(self, step: Step, release: str) -> None:
        sight = self._scene.sight
        if step.kind == plan.GATE:
            self._require_data(step)
        elif step.kind == plan.MIGRATE:
            service = self._service(step.subject)
            target = self._target(service)
            target.prepare([each.name for each in sight.services if each.target == service.target])
            target.migrate(service.name, sight.images[service.image])
        elif step.kind == plan.DEPLOY:
            service = self._service(step.subject)
            self._rolled.append(service)
            self._target(service).deploy(service, sight.images[service.image])
        elif step.kind == plan.VERIFY:
            words = verifying.ask(self._scene.settings.service[step.subject].verify)
            if words:
                raise Failed(f"{step.subject}: {words}")
        elif step.kind == plan.LATEST:
            images.tag(sight.images[step.subject], "latest", self._environment)
        elif step.kind == plan.RECORD:
            self._write(release, record.GOOD)

    def _require_data(self, step: Step) -> None:
        """Ask a new image whether it would start at once on the data that is there.

        Raises:
            ReleaseRefusedError: it would not; nothing was changed.
        """
        service = self._service(step.subject.partition(" ")[2])
        found = self._target(service).data(service.name, self._scene.sight.images[service.image])
        verdict = gates.data(found)
        if not verdict.passed:
            raise ReleaseRefusedError(f"{step.name}: {verdict.words}; nothing was changed", hint=verdict.hint)
        self._console.say(f"{step.name}: {verdict.words}")

    def _locked(self) -> dict[str, Image]:
        """Return the targets of which something changes, each with an image that it has by now."""
        found: dict[str, Image] = {}
        for step in self._plan.due:
            if step.kind in _KINDS and step.subject:
                service = self._service(step.subject)
                found.setdefault(service.target, self._scene.sight.images[service.image])
        return found

    def _require_latest_record(self) -> None:
        """Check that no release has ended since the look.

        Raises:
            ReleaseRefusedError: one has.
        """
        scene = self._scene
        now = record.read(scene.home, record.tag_of(scene.sight.environment), self._environment)
        if now.digest != scene.sight.last.digest:
            raise ReleaseRefusedError(
                f"another release has ended meanwhile: {now.release} ({now.ended}); nothing was changed",
                hint="look at what is planned now: invoke release.plan",
            )

    def _fetch(self) -> None:
        """Bring the images to where they are to run, before anything is changed."""
        wanted = [self._service(each.subject) for each in self._plan.due if each.kind in _KINDS and each.subject]
        for service in {each.name: each for each in wanted}.values():
            self._target(service).fetch(self._scene.sight.images[service.image])

    # ------------------------------------------------------------------ the way back

    def _back(self, step: Step, failed: Failed, release: str) -> BuildkitError:
        """Let what ran before serve again, in the reverse order of the rollouts; return the error that says so."""
        self._skip_rest(step)
        restored: list[str] = []
        for service in reversed(self._rolled):
            if service.name == step.subject and step.kind == plan.DEPLOY and (failed.untouched or failed.restored):
                if failed.restored:
                    restored.append(service.name)
                    self.outcomes.append(
                        Outcome(step.name, "restored", Reason(f"{service.target} went back by itself"))
                    )
                    self._console.news(self.outcomes[-1])
                continue
            watch = Stopwatch()
            words, details = self._restore(service)
            row = Outcome(
                f"{plan.DEPLOY} {service.name}", "failed" if words else "restored", Reason(words or "goes back")
            )
            self.outcomes.append(row._replace(seconds=watch.seconds, detail="\n".join(details)))
            self._console.news(self.outcomes[-1])
            if words:
                self._noted(release, "mixed")
                return MixedError(
                    f"{step.name} failed, and so did the way back: {words}",
                    details=[failed.words, *failed.details, *details],
                    hint=self._hint_for_mixed(service),
                )
            restored.append(service.name)
        self._noted(release, "restored")
        how = f"{' and '.join(restored)} went back" if restored else "the old version served all the time"
        return RestoredError(
            f"{failed.words}; {how}",
            details=failed.details,
            hint="the release before this one serves; mend what the lines say, and release again",
        )

    def _restore(self, service: Service) -> tuple[str, tuple[str, ...]]:
        """Let a service run what it ran before; return what is wrong, empty if nothing."""
        reference = self._before(service)
        wanted = self._scene.sight.images[service.image].reference
        if not reference:
            return f"{service.name}: nothing ran before that could serve again", ()
        if reference == wanted:
            return f"{service.name}: the last good release has this same image", ()
        try:
            self._target(service).restore(service, reference)
        except Failed as failed:
            return failed.words, failed.details
        except BuildkitError as error:
            return error.message, error.details
        return "", ()

    def _before(self, service: Service) -> str:
        """Return the reference that a service goes back to: the recorded one, else what ran."""
        recorded = self._scene.sight.good.services.get(service.name, "")
        ran = [each for each in service.running if each.digest != self._scene.sight.images[service.image].digest]
        return recorded or (ran[0].reference if ran else "")

    def _hint_for_mixed(self, service: Service) -> str:
        return (
            f"look at {service.name} by hand: see what runs with invoke release.status;\n"
            "then release a commit that is known to be well: invoke release.deploy --revision SHA"
        )

    # ------------------------------------------------------------------ notes

    def _write(self, release: str, ended: str) -> None:
        scene, good = self._scene, ended == record.GOOD
        chosen = tuple(each for each in scene.sight.services if not self._only or each.name in self._only)
        services = plan.services_after(scene.sight, chosen) if good else scene.sight.good.services
        steps = [
            {"step": row.subject, "outcome": row.result, "reason": str(row.reason), "seconds": round(row.seconds, 3)}
            for row in self.outcomes
        ]
        noted = {
            each.name: scene.targets[each.target].noted(each.name) for each in chosen if each.target in scene.targets
        }
        kept = {} if good and not self._only else scene.sight.good.definitions
        definitions = {**kept, **{name: each for name, each in noted.items() if each}} if good else kept
        made = Recorded("", release, scene.sight.commit, ended, services, moment=clock.now(), definitions=definitions)
        record.write(scene.home, scene.sight.environment, made, scene.sight.last, steps, self._environment)

    def _noted(self, release: str, ended: str) -> None:
        """Record how the release ended; that it cannot be recorded is said, and hides nothing."""
        try:
            self._write(release, ended)
        except BuildkitError as error:
            self._console.warn(f"that is not recorded: {error.message}")

    def _skip_rest(self, failed: Step) -> None:
        at = self._plan.steps.index(failed)
        for step in self._plan.steps[at + 1 :]:
            if step.action == plan.DUE:
                self.outcomes.append(Outcome(step.name, "skipped", Reason("a step before it failed", failed.name)))

    def _note(self, step: Step, result: str, reason: Reason, watch: Stopwatch, detail: str = "") -> None:
        row = Outcome(step.name, result, reason, watch.seconds, detail, before=step.before, after=step.after)
        self.outcomes.append(row)
        if result in {"made", "failed"}:
            self._console.news(row)

    def _service(self, name: str) -> Service:
        return next(each for each in self._scene.sight.services if each.name == name)

    def _target(self, service: Service) -> Target:
        return self._scene.targets[service.target]

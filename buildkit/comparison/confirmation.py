"""Which tests compiling changes, shown more than once; and which extensions do it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from buildkit.comparison.halving import culprits
from buildkit.comparison.outcomes import Changed, Run, changed

Rerun = Callable[[Collection[str], Sequence[str] | None], Run]
"""Runs the tests where some units of extensions and no others lie beside their sources.

Called with the names of the units, and with those of the tests, or None for all of them.
"""

_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The tests that come out otherwise.

    Args:
        alone: those that do so when they alone are run.
        together: those that do so only among all others.
        flaky: names of those that came out otherwise once, and do not depend on compiling.
    """

    alone: tuple[Changed, ...] = ()
    together: tuple[Changed, ...] = ()
    flaky: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[Changed, ...]:
        """All that come out otherwise."""
        return (*self.alone, *self.together)


def confirmed(plain: Run, compiled: Run, units: Collection[str], rerun: Rerun) -> Confirmed:
    """Run what came out otherwise again, plain and compiled: what differs between two runs of one form is flaky.

    The forms take turns in changing order, so that a test that fails each second time is found out.

    Args:
        plain: the run as plain Python.
        compiled: the run with all extensions.
        units: all extensions.
        rerun: runs tests.
    """
    first = changed(plain, compiled)
    alone, moved = _holding(first, units, rerun, whole=False)
    doubtful = [each for each in first if each not in alone and each.test not in moved]
    together, _ = _holding(doubtful, units, rerun, whole=True)
    sure = {each.test for each in (*alone, *together)}
    return Confirmed(tuple(alone), tuple(together), tuple(each.test for each in first if each.test not in sure))


def _holding(
    found: Sequence[Changed], units: Collection[str], rerun: Rerun, *, whole: bool
) -> tuple[list[Changed], set[str]]:
    """Return what differs in every further run from one plain outcome, and the names of those with several of these."""
    left, moved = list(found), set()
    for order in ((units, ()), ((), units)):
        if left:
            only = None if whole else [each.test for each in left]
            runs = {bool(chosen): rerun(chosen, only) for chosen in order}
            moved |= {each.test for each in left if runs[False].outcome(each.test) != each.plain}
            left = [
                each for each in left if runs[False].outcome(each.test) == each.plain != runs[True].outcome(each.test)
            ]
    return left, moved


def blamed(
    found: Confirmed, units: Sequence[str], known: Collection[str], likely: Sequence[str], rerun: Rerun
) -> dict[str, tuple[str, ...]]:
    """Return the units of extensions that change each test: by any one of them less it would not come out otherwise.

    Args:
        found: the tests.
        units: all extensions.
        known: those that are known to differ by themselves, and are left out from the beginning.
        likely: those that the tests load, of which the halving begins.
        rerun: runs tests.
    """
    guilty = {*known}
    blame: dict[str, tuple[str, ...]] = {}
    left = list(found.all)
    alone = {each.test for each in found.alone}

    def without_the_guilty() -> list[Changed]:
        """Return what comes out otherwise still where the guilty are left out: all of it in one run."""
        names = [each.test for each in left]
        run = rerun([unit for unit in units if unit not in guilty], names if alone.issuperset(names) else None)
        return [each for each in left if run.outcome(each.test) != each.plain]

    if guilty and left:
        still = without_the_guilty()
        blame.update({each.test: tuple(sorted(guilty)) for each in left if each not in still})
        left = still
    for _ in range(_ROUNDS):
        if not left:
            break
        each = left[0]
        only = [each.test] if each.test in alone else None

        def differs(chosen: Collection[str], each: Changed = each, only: Sequence[str] | None = only) -> bool:
            return rerun(chosen, only).outcome(each.test) != each.plain

        rest = [unit for unit in units if unit not in guilty]
        first = [unit for unit in likely if unit not in guilty]
        makers = culprits(first if 0 < len(first) < len(rest) and differs(first) else rest, differs)
        guilty |= {*makers[:1]}
        still = without_the_guilty()
        blame.update({other.test: makers for other in left if other == each or other not in still})
        left = [other for other in still if other != each]
    return blame

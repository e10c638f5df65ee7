"""The checks as a workflow of GitHub Actions.

Each job may do what it needs and no more; what comes from outside reaches a shell as a variable, never as a part of a
line. A pull request of a fork gets no secret, since none is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from buildkit.release.workflows import pins
from buildkit.release.workflows.checks import ARCHIVE, STORE, Checks, Job, Line
from buildkit.release.workflows.environment import PROGRAMS
from buildkit.release.workflows.yaml import text

_RUNNER = "ubuntu-24.04"
_SESSIONS = "sessions"
_ALL_WELL = """! grep -E '"result": "(failure|cancelled|skipped)"' <<< "$RESULTS\""""


def file(checks: Checks) -> str:
    """Return where GitHub reads it, relative to the repository."""
    name = checks.facts.folder.replace("/", "-")
    return f".github/workflows/ci{'-' + name if name else ''}.yml"


def render(checks: Checks) -> str:
    """Return the text of the workflow."""
    return "\n".join([*_head(checks), *_plan(checks), *_jobs(checks), *_together(checks)]) + "\n"


def _head(checks: Checks) -> Iterator[str]:
    folder = checks.facts.folder
    yield f"name: {text(f'ci of {folder}' if folder else 'ci')}"
    yield "on:"
    yield "  pull_request:"
    yield "  push:"
    yield f"    branches: [{text(checks.facts.branch)}]"
    yield "permissions: {}  # each job names its own"
    yield "concurrency:"
    yield "  group: ${{ github.workflow }}-${{ github.ref }}"
    yield "  cancel-in-progress: ${{ github.event_name == 'pull_request' }}"
    yield "defaults:"
    yield "  run:"
    yield "    shell: bash"
    if folder:
        yield f"    working-directory: {text(folder)}"
    yield "jobs:"


def _plan(checks: Checks) -> Iterator[str]:
    """Yield the job that asks Nox for its sessions, so that the matrix is always the project's own."""
    family = _family(checks)
    yield "  plan:"
    yield from _machine("plan", minutes=15)
    yield "    outputs:"
    yield f"      {_SESSIONS}: ${{{{ steps.{_SESSIONS}.outputs.{_SESSIONS} }}}}"
    yield "    steps:"
    yield from _prepared(checks, checks.facts.python)
    yield from _step(Line("these files", f"{PROGRAMS}/invoke release.workflows --check"))
    listed = f'echo "{_SESSIONS}=$({PROGRAMS}/nox -s {family} --list --json)" >> "$GITHUB_OUTPUT"'
    yield from _step(Line("sessions of the matrix", listed), identity=_SESSIONS)


def _family(checks: Checks) -> str:
    """Return the name of the session that builds, without a Python."""
    first = checks.facts.builds[0]
    return first.name.removesuffix(f"-{first.python}") if first.python else first.name


def _jobs(checks: Checks) -> Iterator[str]:
    for job in checks.jobs:
        yield f"  {job.name}:"
        if job.each_python:
            yield from _matrix(checks, job)
        else:
            yield from _machine(job.name, job.minutes)
            yield "    steps:"
            yield from _prepared(checks, checks.facts.python)
            for line in job.steps:
                yield from _step(line)


def _matrix(checks: Checks, job: Job) -> Iterator[str]:
    yield from _machine(f"{job.name} (${{{{ matrix.session.session }}}})", job.minutes)
    yield "    needs: plan"
    yield "    strategy:"
    yield "      fail-fast: false"
    yield "      matrix:"
    yield f"        session: ${{{{ fromJSON(needs.plan.outputs.{_SESSIONS}) }}}}"
    yield "    env:"
    yield "      SESSION: ${{ matrix.session.session }}"
    yield f"      PYBUILDKIT_CACHE_DIR: ${{{{ github.workspace }}}}/{_within(checks, STORE)}"
    yield "    steps:"
    yield from _prepared(checks, "${{ matrix.session.python }}", checks.facts.python)
    if job.keeps:
        yield f"      - uses: {pins.CACHE}"
        yield "        with:"
        yield f"          path: {text(_within(checks, ARCHIVE))}"
        yield "          key: buildkit-${{ matrix.session.session }}-${{ github.run_id }}-${{ github.run_attempt }}"
        yield "          restore-keys: buildkit-${{ matrix.session.session }}-"
    for line in job.steps:
        yield from _step(line)


def _together(checks: Checks) -> Iterator[str]:
    """Yield the job that a branch's protection asks for: it is well when all others are."""
    others = ", ".join(["plan", *(job.name for job in checks.jobs)])
    yield "  ok:"
    yield from _machine("ok", minutes=5, reads=False)
    yield f"    needs: [{others}]"
    yield "    if: always()"
    yield "    env:"
    yield "      RESULTS: ${{ toJSON(needs) }}"
    yield "    steps:"
    yield from _step(Line("all jobs were successful", _ALL_WELL))


def _machine(name: str, minutes: int, *, reads: bool = True) -> Iterator[str]:
    yield f"    name: {name}"
    yield f"    runs-on: {_RUNNER}"
    yield f"    timeout-minutes: {minutes}"
    if reads:
        yield "    permissions:"
        yield "      contents: read  # to check it out"
    else:
        yield "    permissions: {}"


def _prepared(checks: Checks, *pythons: str) -> Iterator[str]:
    """Yield the steps before all others; the last Python is the one that makes the environment."""
    yield f"      - uses: {pins.CHECKOUT}"
    yield "        with:"
    yield "          persist-credentials: false"
    if checks.facts.history:
        yield "          fetch-depth: 0  # the version is made from the tags"
    yield f"      - uses: {pins.SETUP_PYTHON}"
    yield "        with:"
    if len(pythons) == 1:
        yield f"          python-version: {text(pythons[0])}"
    else:
        yield "          python-version: |"
        yield from (f"            {each}" for each in pythons)
    for line in checks.prepare:
        yield from _step(line)


def _within(checks: Checks, path: str) -> str:
    """Return a path relative to the project as one relative to the repository."""
    return f"{checks.facts.folder}/{path}" if checks.facts.folder else path


def _step(line: Line, identity: str = "") -> Iterable[str]:
    yield f"      - name: {text(line.name)}"
    if identity:
        yield f"        id: {identity}"
    yield f"        run: {text(line.run)}"

"""The checks as a pipeline of GitLab CI."""

from __future__ import annotations

from collections.abc import Iterator

from buildkit.errors import ConfigurationError
from buildkit.release.workflows.checks import ARCHIVE, STORE, Checks, Job
from buildkit.release.workflows.yaml import text

_IMAGE = "python:{}-trixie"
_ENGINE = "docker:29-dind"


def file(checks: Checks) -> str:
    """Return where GitLab reads it, relative to the repository.

    Raises:
        ConfigurationError: the project is not the whole repository.
    """
    if checks.facts.folder:
        raise ConfigurationError(
            f"GitLab reads one file for the whole repository, and this project is its folder {checks.facts.folder}",
            hint="write the pipeline by hand; the lines are those of a workflow: --host github --dry-run",
        )
    return ".gitlab-ci.yml"


def render(checks: Checks) -> str:
    """Return the text of the pipeline."""
    return "\n".join([*_head(checks), *(line for job in checks.jobs for line in _job(checks, job))]) + "\n"


def _head(checks: Checks) -> Iterator[str]:
    yield "workflow:"
    yield "  rules:"
    yield '    - if: $CI_PIPELINE_SOURCE == "merge_request_event"'
    branch = f'$CI_COMMIT_BRANCH == "{checks.facts.branch}"'
    yield f"    - if: {text(branch)}"
    if checks.facts.history:
        yield "variables:"
        yield f"  GIT_DEPTH: {text('0')}  # the version is made from the tags"
    yield "default:"
    yield f"  image: {_IMAGE.format(checks.facts.python)}"
    yield "  interruptible: true"
    yield "stages: [check]"
    yield "these-files:"
    yield "  stage: check"
    yield "  timeout: 15 minutes"
    yield "  script:"
    yield from _script(checks, [".venv/bin/invoke release.workflows --check"])


def _job(checks: Checks, job: Job) -> Iterator[str]:
    yield f"{job.name}:"
    yield "  stage: check"
    yield f"  timeout: {job.minutes} minutes"
    if job.each_python:
        yield f"  image: {_IMAGE.format('$PYTHON')}"
        yield "  parallel:"
        yield "    matrix:"
        for session in checks.facts.builds:
            yield f"      - SESSION: {text(session.name)}"
            yield f"        PYTHON: {text(session.python or checks.facts.python)}"
    variables = _variables(job)
    if variables:
        yield "  variables:"
        yield from (f"    {name}: {text(value)}" for name, value in variables.items())
    if job.keeps:
        yield "  cache:"
        yield "    key: buildkit-$SESSION"
        yield "    paths:"
        yield f"      - {ARCHIVE}"
    if job.engine:
        yield "  services:"
        yield f"    - {_ENGINE}"
    packages = [*(["postgresql"] if job.database else []), *(["docker-cli", "docker-buildx"] if job.engine else [])]
    if packages:
        yield "  before_script:"
        yield "    - apt-get update -qq"
        yield f"    - apt-get install -qq --no-install-recommends {' '.join(packages)}"
    yield "  script:"
    yield from _script(checks, [line.run for line in job.steps])


def _variables(job: Job) -> dict[str, str]:
    found = {"PYBUILDKIT_CACHE_DIR": f"$CI_PROJECT_DIR/{STORE}"} if job.keeps else {}
    if job.engine:
        found |= {
            "DOCKER_HOST": "tcp://docker:2376",
            "DOCKER_TLS_CERTDIR": "/certs",
            "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": "/certs/client",
        }
    return found


def _script(checks: Checks, lines: list[str]) -> Iterator[str]:
    for line in [*(each.run for each in checks.prepare), *lines]:
        yield f"    - {text(line)}"

"""The project's tests inside an image: with the compiled modules and packages of the service's image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from buildkit.config import Config
from buildkit.doors import locks, process
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ConfigurationError, ImageError
from buildkit.flows.image import NO_IMAGE, chosen
from buildkit.flows.image_inputs import cache_mount_prefix, repository_of, request_of, staged_of
from buildkit.flows.image_packages import packages_of
from buildkit.image import engine, staging
from buildkit.image.build import build
from buildkit.image.checkout import Checkout
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console

SCHEMA = "buildkit.image-tests/1"


def run_tests(config: Config, console: Console, environment: Mapping[str, str], *, names: Sequence[str] = ()) -> Report:
    """Run the tests in each image; the arguments and errors are those of `run_tests_in`, with `names` as in `image`."""
    watch = Stopwatch()
    reports = [run_tests_in(config, console, environment, name=name) for name in chosen(config, names)]
    outcomes = tuple(row for report in reports for row in report.outcomes)
    return Report(SCHEMA, outcomes, watch.seconds, row="image")


def lines(report: Report) -> list[str]:
    """Return the summary: each image with the result of its tests."""
    return [f"image {row.subject}: {row.result} ({row.reason})" for row in report.outcomes] or [NO_IMAGE]


def run_tests_in(config: Config, console: Console, environment: Mapping[str, str], *, name: str) -> Report:
    """Build the stage `test` of one image and run the tests in it, as `[tool.buildkit.nox]` declares them.

    Args:
        config: the project.
        console: shows the tests' output.
        environment: what the docker client gets.
        name: the image whose build stage the tests run on.

    Raises:
        ConfigurationError: no tests are declared, or the image has a Dockerfile of its own.
        EngineError: no engine with buildx answers.
        ImageError: the build or a test failed.
    """
    watch = Stopwatch()
    if not config.nox.tests or config.image[name].dockerfile:
        raise ConfigurationError(
            f"image {name} has no tests to run",
            hint='[tool.buildkit.nox]\ntests = ["pytest", "tests"]\nrequires = ["pytest"]\n'
            "an image with a Dockerfile of its own has its tests there",
        )
    engine.require(environment)
    folder = config.work / "image" / f"{name}.test"
    packages = packages_of(config, name, environment)
    staged = staging.for_tests(
        staged_of(config, name, packages), config.nox.requires, config.nox.tests, config.image[name].system_packages
    )
    request = replace(
        request_of(config, name, folder, Checkout(), packages),
        dockerfile=folder / "test.Dockerfile",
        tags=(f"{repository_of(config, name)}:test",),
        target="test",
    )
    with locks.held(folder.with_name(f"{folder.name}.lock")):
        staging.write(folder, staged, cache_mount_prefix(config, environment, make=True))
        build(request, folder.with_name(f"{folder.name}.metadata.json"), lambda _: None, environment)
    run = ["docker", "run", "--rm", "--init", request.tags[0]]
    exit_code = process.stream(run, console.say, environment=environment)
    if exit_code != 0:
        raise ImageError(
            f"the tests failed in {request.tags[0]} (exit code {exit_code})",
            hint=f"look around in it with: docker run --rm --interactive --tty {request.tags[0]} sh",
        )
    outcome = Outcome(name, "passed", Reason("tests passed", " ".join(config.nox.tests)), watch.seconds)
    console.outcome(outcome)
    return Report(SCHEMA, (outcome,), watch.seconds, {"tags": list(request.tags)}, row="image")

"""Whether an image, its compose file and its volume fit together: each point, and what does not hold."""

from __future__ import annotations

import os
import re

import pytest
from plugins.images import MADE, Project, docker

from buildkit.config import load
from buildkit.errors import ImageError
from buildkit.flows.image_check import check_images
from buildkit.model import Report
from buildkit.report.console import Console

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.slow]

FILE = ['HEALTHCHECK CMD ["python", "-m", "buildkit.runtime", "--health-file", "/tmp/alive", "60"]']


def checked(project: Project) -> dict[str, tuple[str, str]]:
    """Return the verdict and its reason for each point."""
    variables = {**os.environ, "CI": ""}
    report: Report | None
    try:
        report = check_images(load(project.root, variables), Console(variables, talk=project.talk), variables)
    except ImageError as error:
        report = error.report
    assert report is not None
    return {row.subject.removeprefix("api: "): (row.result, str(row.reason)) for row in report.outcomes}


def test_each_point_of_the_arrangement_has_its_verdict(editable: Project) -> None:
    editable.build()
    before = checked(editable)
    assert {point for point, (verdict, _) in before.items() if verdict != "holds"} == {"data in the volume"}
    assert before["data in the volume"][0] == "not yet"
    assert set(before) == {
        "image is built",
        "image is of these sources",
        "entrypoint is the gates",
        "command is in the image",
        "command starts",
        "health check",
        "modules are imported",
        "user",
        "folders may be written",
        "gates can start",
        "image carries no data",
        "place for the volume",
        "compose file",
        "compose keeps the entrypoint",
        "compose mounts the volume",
        "data in the volume",
    }
    name = before["compose mounts the volume"][1].partition(" ")[0]
    docker("volume", "create", name)
    try:
        assert "is empty; the next start makes it" in checked(editable)["data in the volume"][1]
        docker("run", "--rm", "--volume", f"{name}:/app/data", f"{editable.repository}:latest", "true")
        assert re.fullmatch(
            r"fresh: generation 000001-\S+, \d+ bytes, due .*", checked(editable)["data in the volume"][1]
        )
    finally:
        docker("volume", "rm", name)

    editable.edit("src/greeter/words.py", "upper", "title")
    assert checked(editable)["image is of these sources"] == ("wrong", "context changed: src/greeter/words.py")


def test_what_does_not_hold_is_named(editable: Project, greeter: Project) -> None:
    name = f"{editable.repository}-odd"
    editable.edit("pyproject.toml", editable.repository, name)
    assert checked(editable) == {"image is built": ("wrong", f"the engine has no {name}:latest")}
    (editable.root / "odd").mkdir()
    odd = ["USER root", "RUN touch /app/data/old && rm /app/buildkit.json", 'ENTRYPOINT ["sh"]', 'CMD ["serve"]']
    editable.write("odd/Dockerfile", "\n".join([f"FROM {greeter.repository}:latest", *odd, "HEALTHCHECK NONE"]))
    docker("build", "--quiet", "--tag", f"{name}:latest", str(editable.root / "odd"))
    MADE.add(docker("image", "inspect", "--format", "{{.Id}}", f"{name}:latest"))
    editable.write("compose.yaml", f"services:\n  web:\n    image: {name}\n    entrypoint: [sh, -c]\n")

    found = checked(editable)

    assert {point: reason for point, (verdict, reason) in found.items() if verdict == "wrong"} == {
        "image is of these sources": "context appeared: compose.yaml and 4 more",
        "entrypoint is the gates": 'it is ["sh"], not python -m buildkit.runtime --',
        "command is in the image": "there is no program serve",
        "health check": "there is none",
        "user": "the service runs as root",
        "gates can start": "ConfigurationError: /app/buildkit.json: No such file or directory",
        "image carries no data": "/app/data has: old",
        "compose keeps the entrypoint": 'it puts ["sh", "-c"] in its place',
        "compose mounts the volume": "nothing is mounted at /app/data: each start makes the data anew",
    }


@pytest.mark.parametrize(
    ("lines", "starts", "healthy"),
    [
        (['CMD ["python", "-c", "import time; time.sleep(60)"]'], "holds: it runs", "wrong: it listens on no port"),
        (
            [
                'CMD ["python", "-c", "import pathlib, time; pathlib.Path(\'/tmp/alive\').touch(); time.sleep(60)"]',
                *FILE,
            ],
            "holds: it runs",
            "holds: python -m buildkit.runtime --health-file /tmp/alive 60",
        ),
        (
            ['CMD ["python", "-c", "import time; time.sleep(60)"]', FILE[0].replace("/tmp", "/app")],
            "holds: it runs",
            "wrong: it runs, and the check fails: buildkit: health: /app/alive: user 10001 cannot write to /app",
        ),
        (['CMD ["python", "-m", "start"]'], "wrong: it ends with 1: ", "not yet: the command does not run here"),
        (['CMD ["python", "-c", "raise SystemExit(\'no database\')"]'], "not yet: without network", "not yet: "),
        (
            ['HEALTHCHECK CMD ["python", "-m", "buildkit.runtime", "--health", "http://127.0.0.1:8000/healthz"]'],
            "holds: it runs, and listens on 8000",
            "wrong: it listens on 8000, and the check fails: ",
        ),
    ],
)
def test_what_does_not_start_or_answer_never_holds(
    editable: Project, greeter: Project, lines: list[str], starts: str, healthy: str
) -> None:
    name = f"{editable.repository}-still"
    editable.edit("pyproject.toml", editable.repository, name)
    text = (editable.root / "pyproject.toml").read_text()
    before, _, after = text.partition("[[tool.buildkit.data.stage]]")
    (editable.root / "pyproject.toml").write_text(before + after[after.index("[tool.buildkit.image") :])  # no gates
    editable.write("odd/Dockerfile", "\n".join([f"FROM {greeter.repository}:latest", *lines]))
    docker("build", "--quiet", "--tag", f"{name}:latest", str(editable.root / "odd"))
    MADE.add(docker("image", "inspect", "--format", "{{.Id}}", f"{name}:latest"))

    found = {point: f"{verdict}: {reason}" for point, (verdict, reason) in checked(editable).items()}

    assert found["command starts"].startswith(starts), found
    assert found["health check"].startswith(healthy), found

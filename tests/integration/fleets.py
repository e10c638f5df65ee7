"""A project whose services run on an ECS that is played, with a real registry; its releases happen in this process."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecs_endpoint import CLUSTER, REGION, Ecs

from buildkit.config import load
from buildkit.errors import BuildkitError
from buildkit.flows import release as flow
from buildkit.flows import release_status
from buildkit.flows.release_look import Asked
from buildkit.registry.client import MANIFEST, Repository
from buildkit.registry.reference import parse
from buildkit.release.labels import COMMIT
from buildkit.report.console import Console

PROJECT = """
[project]
name = "orbits"
version = "1"
[tool.buildkit]
packages = ["orbits"]
[tool.buildkit.image.api]
repository = "api"
command = ["uvicorn", "orbits:app"]
[tool.buildkit.release]
registry = "{registry}/{name}"
environment = "production"
wait = "{wait}"
[tool.buildkit.release.aws]
cluster = "{cluster}"
account = "{account}"
[tool.buildkit.release.service.api]
image = "api"
target = "ecs"
name = "orbits-api"
{more}
"""
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@dataclass
class Fleet:
    """A project, and the ECS on which its services run.

    Args:
        root: the project.
        registry: the address of a registry.
        name: what its images have before their names there.
        ecs: the endpoint.
    """

    root: Path
    registry: str
    name: str
    ecs: Ecs
    report: Any = None

    def declare(self, *, more: str = "", wait: str = "20s", cluster: str = CLUSTER, account: str = "") -> None:
        (self.root / "src/orbits").mkdir(parents=True, exist_ok=True)
        (self.root / "src/orbits/__init__.py").touch()
        (self.root / ".gitignore").write_text(".buildkit/\n")
        known = {"registry": self.registry, "name": self.name, "cluster": cluster, "account": account}
        (self.root / "pyproject.toml").write_text(PROJECT.format(more=more, wait=wait, **known))

    @property
    def place(self) -> str:
        return f"{self.registry}/{self.name}/api"

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a commit")
        return self.git("rev-parse", "HEAD")

    def push(self, *, identity: str = "", gates: bool = True, platform: str = "amd64", **labels: str) -> str:
        """Commit, and push an image of that commit; return its reference.

        Args:
            identity: what is in it; the commit where empty.
            gates: whether the suite's entrypoint starts the service.
            platform: its processor.
            labels: on its migrations, `head="0002"`.
        """
        commit = self.commit()
        about = {COMMIT: commit, **{f"invoke-buildkit.{name}": value for name, value in labels.items()}}
        own: dict[str, Any] = {"Labels": about, "Cmd": ["serve", identity or commit]}
        if gates:
            own["Entrypoint"] = ["python", "-m", "buildkit.runtime", "--"]
        config = json.dumps(
            {"os": "linux", "architecture": platform, "rootfs": {"diff_ids": []}, "config": own}
        ).encode()
        repository = Repository(parse(f"{self.place}:{commit[:12]}"), {})
        digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
        repository.upload(digest, len(config), lambda offset: [config[offset:]])
        kind = "application/vnd.oci.image.config.v1+json"
        text = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": []}
        text["config"] = {"mediaType": kind, "digest": digest, "size": len(config)}
        return f"{self.place}@{repository.tag(json.dumps(text).encode(), (commit[:12],))}"

    def release(self, **more: Any) -> tuple[int, dict[str, str], str]:
        """Release; return the exit code, the outcome of each step, and what was said."""
        asked = more.pop("asked", Asked())
        return self._run(lambda config, console: flow.release(config, console, self.environment, asked=asked, **more))

    def _run(self, do: Any) -> tuple[int, dict[str, str], str]:
        config, talk = load(self.root, self.environment), io.StringIO()
        console = Console(self.environment, talk=talk)
        code = 0
        try:
            self.report = do(config, console)
        except BuildkitError as error:
            code, self.report = error.exit_code, error.report
            hint = f"\nhint: {error.hint}" if error.hint else ""
            talk.write("\n".join([f"error: {error.message}", *error.details]) + hint)
        rows = {row.subject: row.result for row in self.report.outcomes} if self.report else {}
        return code, rows, talk.getvalue()

    def back(self, to: str = "") -> tuple[int, dict[str, str], str]:
        return self.release(asked=Asked(back=True, to=to))

    def status(self) -> list[str]:
        self._run(lambda config, console: release_status.release_status(config, console, self.environment))
        return release_status.lines(self.report)

    @property
    def environment(self) -> Mapping[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.root), "DOCKER_CONFIG": str(self.root / "none")}

    @property
    def tag(self) -> str:
        return self.git("rev-parse", "HEAD")[:12]

    def git(self, *words: str) -> str:
        own = ["-c", "user.name=tests", "-c", "user.email=tests@localhost", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", *own, *words], cwd=self.root, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.strip()


VARIABLES = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_SESSION_TOKEN": "FwoGZXIvYXdzEBYaDEXAMPLETOKEN",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}


def definition(image: str, **more: Any) -> dict[str, Any]:
    """Return a task definition with one container."""
    container = {
        "name": "api",
        "image": image,
        "essential": True,
        "environment": [{"name": "PASSWORD", "value": "hush"}],
    }
    made = {"family": "orbits-api", "networkMode": "awsvpc", "cpu": "256", "memory": "512"}
    return {**made, "requiresCompatibilities": ["FARGATE"], "containerDefinitions": [container], **more}

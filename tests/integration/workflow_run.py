"""Runs the lines of a generated CI file in the order of its jobs: as much of a CI service as these files ask for.

A job has its own copy of the repository there; here all share one, so that the environment is made once: a line that
has run and was successful is not run again. An action of GitHub is not run: what it would bring is there.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

LIMIT = 280.0


def parsed(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


@dataclass
class Run:
    """A run of a workflow of GitHub.

    Args:
        folder: the copy of the repository.
        environment: of every line.
        lines: what ran, in order.
        results: of each job, as GitHub says it.
    """

    folder: Path
    environment: Mapping[str, str]
    lines: list[str] = field(default_factory=list)
    results: dict[str, str] = field(default_factory=dict)
    said: str = ""
    _outputs: dict[str, dict[str, str]] = field(default_factory=dict)

    def workflow(self, workflow: Mapping[str, Any], chosen: Mapping[str, str]) -> None:
        """Run all jobs; of a matrix the one entry whose values are `chosen`."""
        waiting = dict(workflow["jobs"])
        while waiting:
            name = next(name for name, job in waiting.items() if not {*_needs(job)} & {*waiting})
            self.job(name, waiting.pop(name), chosen)

    def job(self, name: str, job: Mapping[str, Any], chosen: Mapping[str, str]) -> None:
        """Run one job, unless one that it needs was not successful."""
        needed = {each: {"result": self.results[each]} for each in _needs(job)}
        if job.get("if") != "always()" and any(each["result"] != "success" for each in needed.values()):
            self.results[name] = "skipped"
            return
        variables = {
            key: _given(str(value), {"github.workspace": str(self.folder), "toJSON(needs)": _json(needed), **chosen})
            for key, value in job.get("env", {}).items()
        }
        well = all(self._step(name, step, variables) for step in job["steps"] if "run" in step)
        self.results[name] = "success" if well else "failure"

    def _step(self, job: str, step: Mapping[str, Any], variables: Mapping[str, str]) -> bool:
        line = str(step["run"])
        assert "${{" not in line, "nothing from outside may become a part of a line"
        if line in self.lines:
            return True
        self.lines.append(line)
        output = self.folder.parent / "output"
        output.write_text("")
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", line],
            cwd=self.folder,
            env={**self.environment, **variables, "GITHUB_OUTPUT": str(output), "CI": "true"},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        if done.returncode:
            self.said += f"{line}\n{done.stdout}{done.stderr}"
        for row in output.read_text().splitlines():
            key, _, value = row.partition("=")
            self._outputs.setdefault(job, {})[key] = value
        return done.returncode == 0

    def output(self, job: str, name: str) -> str:
        return self._outputs[job][name]


def _needs(job: Mapping[str, Any]) -> list[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else list(needs)


def _given(text: str, values: Mapping[str, str]) -> str:
    """Return a text with the expressions of GitHub in it evaluated."""
    return re.sub(r"\$\{\{ (.+?) \}\}", lambda found: values[found[1]], text)


def _json(value: Any) -> str:
    """Return a value as GitHub writes it: over several lines."""
    return json.dumps(value, indent=2)


def shell_lines(pipeline: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a pipeline of GitLab, but for those that install packages of the system."""
    for job in pipeline.values():
        if isinstance(job, Mapping) and "script" in job:
            yield from job["script"]

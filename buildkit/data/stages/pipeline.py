"""The declared pipeline: stages with their inputs, outputs, parameters and command.

Inputs are written as one of

* a glob relative to the project (`tle/*.txt`; a folder stands for every file under it),
* `stage:NAME`: all outputs of an earlier stage,
* `env:NAME`: the value of a variable,
* `package:NAME/GLOB`: files of an installed package, found without importing it.

A stage in pieces runs once for each match of `each`: a glob, `package:NAME/GLOB`, or `stage:NAME/GLOB`, files of an
earlier stage, relative to its output folders. One that ends in `/` means folders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.data.names import MANIFEST
from buildkit.errors import ConfigurationError

RESERVED = frozenset({"source", "out", "item"})
"""The arguments that the suite itself passes to a callable: no parameter may have one of these names."""

POLICIES = ("block", "serve-stale", "fail")
_STAGE = "stage:"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage.

    Args:
        name: its name.
        run: a callable as `module:function`, or a command as a list.
        inputs: what its result depends on, written as described at the top of this file.
        outputs: files or `folders/`, relative to the generation.
        params: parameters, of JSON types.
        ttl: seconds after which this stage is due, 0 for never; None for the pipeline's `ttl`, which applies only to
            stages that name no other stage.
        each: a glob; the stage runs once for each match. Empty for a stage that runs once.
        combine: the stages in pieces all of whose outputs it reads in one run.
        jobs: how many pieces run at once; 0 for as many as this process may use cores.
        memory: bytes that a piece may take for its data; 0 for no limit.
    """

    name: str
    run: str | tuple[str, ...]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    ttl: float | None = None
    each: str = ""
    combine: tuple[str, ...] = ()
    jobs: int = 0
    memory: int = 0

    @property
    def wholes(self) -> tuple[str, ...]:
        """The stages whose outputs are inputs as a whole."""
        return (*(name[len(_STAGE) :] for name in self.inputs if name.startswith(_STAGE)), *self.combine)

    @property
    def cut_from(self) -> str:
        """The stage whose outputs `each` names; empty for none."""
        return self.each[len(_STAGE) :].partition("/")[0] if self.each.startswith(_STAGE) else ""

    @property
    def upstream(self) -> tuple[str, ...]:
        """The stages whose outputs it names."""
        return (*self.wholes, *([self.cut_from] if self.cut_from else []))

    @property
    def module(self) -> str:
        """The module of its callable; empty for a command."""
        return self.run.partition(":")[0] if isinstance(self.run, str) else ""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """All stages in their order, and their folders on this machine.

    Args:
        root: the project: globs start here, and stages run here.
        source_root: the folder that comes first on a callable's module search path.
        folder: the data's folder.
        stages: in the order in which they run.
        ttl: seconds after which data is due; 0 for never.
        verify: seconds after which a start reads the data again, every byte, beside the service; 0 for never.
        policy: what a start does with data that is due: one of `POLICIES`.
        on_failure: what a start does when the data is incomplete and cannot be made: `stop`, or `start` the service
            without it.
        signal: the name of the signal that tells the service of newer data, such as `HUP`; empty for none.
        artifact: where generations are published, as `registry/name:tag`; empty for nowhere.

    Raises:
        ConfigurationError: two stages own one file, or an output lies outside the generation.
    """

    root: Path
    source_root: Path
    folder: Path
    stages: tuple[Stage, ...]
    ttl: float = 7 * 86400.0
    verify: float = 30 * 86400.0
    policy: str = "serve-stale"
    on_failure: str = "stop"
    signal: str = ""
    artifact: str = ""

    def ttl_of(self, stage: Stage) -> float:
        """Return the seconds after which `stage` is due, 0 for never.

        The pipeline's own time to live applies only to stages that name no other stage, since only they read from
        outside. Later stages run again only when their inputs differ, so a refresh that brings nothing new stops there.
        """
        if stage.ttl is not None:
            return stage.ttl
        return 0.0 if stage.upstream else self.ttl

    def __post_init__(self) -> None:
        owners: dict[str, str] = {}
        for stage in self.stages:
            if isinstance(stage.run, str) and not all(stage.run.partition(":")):
                raise ConfigurationError(
                    f'stage {stage.name}: run = "{stage.run}" names no callable',
                    hint='write "module:function", or a command as a list',
                )
            _check_words(stage)
            for output in stage.outputs:
                path = PurePosixPath(output)
                if path.is_absolute() or ".." in path.parts or not path.parts or path.parts[0].startswith("."):
                    raise ConfigurationError(
                        f'stage {stage.name}: output "{output}" does not lie in the generation',
                        hint='name outputs relative to PYBUILDKIT_DATA_OUT, such as "read/" or "read/all.json"',
                    )
                if path.parts[0] == MANIFEST:
                    raise ConfigurationError(
                        f'stage {stage.name}: output "{output}": the suite writes a file of that name itself',
                        hint="give the output another name",
                    )
                for other, owner in owners.items():
                    if path.is_relative_to(other) or PurePosixPath(other).is_relative_to(path):
                        raise ConfigurationError(
                            f'stage {stage.name}: output "{output}" overlaps "{other}" of stage {owner}',
                            hint="give each stage files or folders of its own",
                        )
                owners[str(path)] = stage.name


def _check_words(stage: Stage) -> None:
    """Check the names of a stage's parameters and the form of its inputs.

    Raises:
        ConfigurationError: a name is taken, or an input is an address.
    """
    taken = sorted(RESERVED.intersection(stage.params)) if isinstance(stage.run, str) else []
    if taken:
        raise ConfigurationError(
            f'stage {stage.name}: params: "{taken[0]}" is what the suite itself hands to a callable',
            hint=f"give the parameter another name than {', '.join(sorted(RESERVED))}",
        )
    addresses = [name for name in stage.inputs if "://" in name]
    if addresses:
        raise ConfigurationError(
            f'stage {stage.name}: input "{addresses[0]}" is an address, and nobody can see from here what it holds',
            hint="inputs are files: let the stage fetch it, with the address in `params`; `ttl` says how often",
        )


def as_json(pipeline: Pipeline) -> dict[str, Any]:
    """Return the pipeline as JSON types, for the container's settings."""
    return {
        "root": str(pipeline.root),
        "source_root": str(pipeline.source_root),
        "folder": str(pipeline.folder),
        "ttl": pipeline.ttl,
        "verify": pipeline.verify,
        "policy": pipeline.policy,
        "on_failure": pipeline.on_failure,
        "signal": pipeline.signal,
        "artifact": pipeline.artifact,
        "stages": [
            {
                "name": stage.name,
                "run": stage.run if isinstance(stage.run, str) else list(stage.run),
                "inputs": list(stage.inputs),
                "outputs": list(stage.outputs),
                "params": dict(stage.params),
                "ttl": stage.ttl,
                "each": stage.each,
                "combine": list(stage.combine),
                "jobs": stage.jobs,
                "memory": stage.memory,
            }
            for stage in pipeline.stages
        ],
    }


def from_json(values: Mapping[str, Any]) -> Pipeline:
    """Return the pipeline that `as_json` wrote.

    Raises:
        Odd: the values are not those of a pipeline.
        KeyError: a required value is missing.
        ConfigurationError: its stages do not fit together.
    """
    policy = untrusted.text(values["policy"])
    if policy not in POLICIES:
        raise Odd(f"{untrusted.shown(repr(policy))} is not a policy")
    return Pipeline(
        root=Path(untrusted.text(values["root"])),
        source_root=Path(untrusted.text(values["source_root"])),
        folder=Path(untrusted.text(values["folder"])),
        ttl=untrusted.seconds(values["ttl"]),
        verify=untrusted.seconds(values.get("verify", 0)),
        policy=policy,
        on_failure=untrusted.text(values.get("on_failure", "stop")),
        signal=untrusted.text(values.get("signal", "")),
        artifact=untrusted.text(values.get("artifact", "")),
        stages=tuple(_stage_from(untrusted.table(stage)) for stage in untrusted.rows(values["stages"])),
    )


def _stage_from(values: Mapping[str, Any]) -> Stage:
    run, ttl = values["run"], values.get("ttl")
    return Stage(
        name=untrusted.name(values["name"]),
        run=untrusted.text(run) if isinstance(run, str) else tuple(untrusted.texts(run)),
        inputs=tuple(untrusted.texts(values["inputs"])),
        outputs=tuple(untrusted.texts(values["outputs"])),
        params=untrusted.table(values["params"]),
        ttl=None if ttl is None else untrusted.seconds(ttl),
        each=untrusted.text(values.get("each", "")),
        combine=tuple(untrusted.texts(values.get("combine", []))),
        jobs=untrusted.number(values.get("jobs", 0)),
        memory=untrusted.number(values.get("memory", 0)),
    )

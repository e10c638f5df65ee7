"""The parts of a stage's key, and the files behind each declared input.

Parts of the key: `input` files of the project, `package` files, `variable` values, `stage` outputs, the `code` that a
callable or a command of the project can reach (`buildkit.data.stages.code`), and the settings `run`, `outputs` and
`params`.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.core.fingerprint import digest_bytes, digest_value, fingerprint
from buildkit.data import names
from buildkit.data.stages import code, globs
from buildkit.data.stages.digests import Digests
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.errors import DataError
from buildkit.model import ABSENT, Digest, Fingerprint
from buildkit.trees import entry


class InputError(DataError):
    """An input of a stage cannot be found, so it is unknown whether the stage is up to date."""


def fingerprint_of(
    stage: Stage,
    pipeline: Pipeline,
    environment: Mapping[str, str],
    made: Mapping[str, Mapping[str, Digest]],
    cache: Digests,
) -> Fingerprint:
    """Return the fingerprint of the stage's present inputs; for a stage in pieces, of the inputs that all pieces share.

    Args:
        stage: the stage.
        pipeline: the pipeline that the stage belongs to.
        environment: the variables that `env:` inputs name.
        made: the outputs of the stages before it, by stage and path.
        cache: the digest cache.

    Raises:
        InputError: a glob matches nothing, or the package or module is not there.
    """
    parts = {
        "setting run": digest_value(stage.run),
        "setting outputs": digest_value(sorted(stage.outputs)),
        "setting params": digest_value(dict(stage.params)),
        **{f"stage {name}": digest_value(dict(made.get(name, {}))) for name in stage.wholes},
    }
    for name in stage.inputs:
        scheme, _, rest = name.partition(":")
        if scheme == "stage":
            continue
        if scheme == "env":
            value = environment.get(rest)
            parts[f"variable {rest}"] = ABSENT if value is None else digest_bytes(os.fsencode(value))
        elif scheme == "package":
            matches = of_package(rest, name, stage, cache)
            parts |= {f"package {each.name}": each.state for each in matches}
        else:
            matches = of_project(name, pipeline, stage, cache)
            parts |= {f"input {each.name}": each.state for each in matches}
    if stage.module:
        sources = code.digests_of(stage.module, pipeline.source_root, cache)
        if not sources:
            raise InputError(
                f'stage {stage.name}: there is no source of "{stage.module}" under {pipeline.source_root}',
                hint="`run` names a callable as module:function; its .py file must lie under the source root",
            )
        parts |= {f"code {path}": digest for path, digest in sources.items()}
    else:
        parts |= {f"code {path}": digest for path, digest in code.of_command(stage.run, pipeline, cache).items()}
    return fingerprint(parts)


@dataclass(frozen=True, slots=True)
class Match:
    """A file or folder that a glob matches: its name, kind, state digest and path."""

    name: str
    kind: str
    state: Digest
    place: Path


def _matches(
    before: str,
    pattern: str,
    root: Path,
    data_folder: globs.DataFolder | None,
    stage: Stage,
    cache: Digests,
    setting: str,
) -> list[Match]:
    """Return the matches of one pattern, an empty list if there are none.

    Args:
        before: the prefix of the matches' names.
        pattern: the glob.
        root: the folder that the pattern is relative to.
        data_folder: the data's folder, for inputs of the project.
        stage: the stage, for error messages.
        cache: the digest cache.
        setting: the setting that the pattern comes from, `input` or `each`.

    Raises:
        InputError: a match cannot be read, or cannot be an input.
    """
    matches = []
    try:
        for found in globs.inputs(pattern, root, data_folder):
            place = f"{root}/{found.path}" if not found.path.startswith("/") else found.path
            content = cache.of(place) if found.kind in {entry.FILE, entry.EXECUTABLE} else entry.EMPTY
            state = entry.state(found.kind, content)
            matches.append(Match(f"{before}{found.path}", found.kind, state, Path(place)))
    except entry.Refused as refused:
        raise InputError(f'stage {stage.name}: {setting} "{refused.path}" {refused.why}', hint=refused.hint) from None
    except OSError as error:
        raise InputError(
            f'stage {stage.name}: {setting} "{error.filename}" cannot be read: {error.strerror}', hint=entry.MAY_READ
        ) from None
    return matches if any(match.kind != entry.FOLDER for match in matches) else []


def of_project(pattern: str, pipeline: Pipeline, stage: Stage, cache: Digests, setting: str = "input") -> list[Match]:
    """Return the matches of a glob in the project.

    Args:
        pattern: the glob; a folder stands for all that lies under it.
        pipeline: gives the project's folder.
        stage: the stage, for error messages.
        cache: the digest cache.
        setting: the setting that the pattern comes from, `input` or `each`.

    Raises:
        InputError: it matches no file.
    """
    data_folder = globs.data_folder_of(pipeline.folder, names.owns)
    matches = _matches("", pattern, pipeline.root, data_folder, stage, cache, setting)
    if not matches:
        raise no_match(pattern, pipeline, stage, setting)
    return matches


def no_match(pattern: str, pipeline: Pipeline, stage: Stage, setting: str) -> InputError:
    """Return the error for a glob that matches nothing in the project; see `of_project`."""
    hint = f"mend `{_KEYS[setting]}` in [[tool.buildkit.data.stage]], or bring the files; the image needs them as well"
    if (pipeline.root / pattern).is_relative_to(pipeline.folder):
        hint += f"\nit lies in the data's folder, {pipeline.folder}: in a container that is a volume of its own"
    return InputError(f'stage {stage.name}: {setting} "{pattern}" matches no file under {pipeline.root}', hint=hint)


def of_package(rest: str, name: str, stage: Stage, cache: Digests, setting: str = "input") -> list[Match]:
    """Return the matches of `PACKAGE/GLOB` in an installed package; see `of_project`.

    Raises:
        InputError: it matches no file.
    """
    package, _, pattern = rest.partition("/")
    matches = [
        match
        for folder in _folders_of(package)
        for match in _matches(f"{package}/", pattern, folder, None, stage, cache, setting)
    ]
    if not matches:
        raise InputError(
            f'stage {stage.name}: {setting} "{name}" matches no file of an installed package',
            hint=f"install {package}, or mend `{_KEYS[setting]}`",
        )
    return matches


_KEYS = {"input": "inputs", "each": "each"}


def _folders_of(package: str) -> list[Path]:
    """Return the folders of an installed package; `my-package` is looked for as `my_package`."""
    spec = importlib.util.find_spec(package.replace("-", "_"))
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [Path(place) for place in spec.submodule_search_locations]
    return [Path(spec.origin).parent] if spec.origin else []

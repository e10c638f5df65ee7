"""What enters the key of a stage, and the files behind each declared input.

Parts of the key: `input` files of the project, `package` files, `variable` values, `stage` outputs, the `code` that a
callable can reach (`buildkit.data.code`), and the settings `run`, `outputs` and `params`.
"""

from __future__ import annotations

import glob
import importlib.util
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from buildkit.core.fingerprint import digest_bytes, digest_value, fingerprint
from buildkit.data import code
from buildkit.data.digests import Digests
from buildkit.data.pipeline import Pipeline, Stage
from buildkit.errors import DataError
from buildkit.model import ABSENT, Digest, Fingerprint


class InputError(DataError):
    """An input of a stage cannot be found, so nobody can tell whether the stage is up to date."""


def fingerprint_of(
    stage: Stage,
    pipeline: Pipeline,
    environment: Mapping[str, str],
    made: Mapping[str, Mapping[str, Digest]],
    cache: Digests,
) -> Fingerprint:
    """Return what `stage` would be made from now.

    Args:
        stage: the stage.
        pipeline: where it lives.
        environment: the variables that `env:` inputs name.
        made: the outputs of the stages before it, by stage and path.
        cache: digests by stat.

    Raises:
        InputError: a glob matches nothing, or the package or module is not there.
    """
    parts = {
        "setting run": digest_value(stage.run),
        "setting outputs": digest_value(sorted(stage.outputs)),
        "setting params": digest_value(dict(stage.params)),
    }
    for name in stage.inputs:
        scheme, _, rest = name.partition(":")
        if scheme == "stage":
            parts[f"stage {rest}"] = digest_value(dict(made.get(rest, {})))
        elif scheme == "env":
            value = environment.get(rest)
            parts[f"variable {rest}"] = ABSENT if value is None else digest_bytes(value.encode())
        elif scheme == "package":
            parts |= {f"package {path}": cache.of(file) for path, file in _of_package(rest, name, stage)}
        else:
            parts |= {f"input {path}": cache.of(pipeline.root / path) for path in _of_project(name, pipeline, stage)}
    if stage.module:
        sources = code.digests_of(stage.module, pipeline.source_root, cache)
        if not sources:
            raise InputError(
                f'stage {stage.name}: there is no source of "{stage.module}" under {pipeline.source_root}',
                hint="`run` names a callable as module:function; its .py file must lie under the source root",
            )
        parts |= {f"code {path}": digest for path, digest in sources.items()}
    return fingerprint(parts)


def _of_project(pattern: str, pipeline: Pipeline, stage: Stage) -> list[str]:
    inside = f"{pipeline.folder}/"  # what the pipeline makes is no input of it
    found = sorted(path for path in _files(pattern, pipeline.root) if not f"{pipeline.root}/{path}".startswith(inside))
    if not found:
        raise InputError(
            f'stage {stage.name}: input "{pattern}" matches no file under {pipeline.root}',
            hint="mend `inputs` in [[tool.buildkit.data.stage]], or bring the files; the image needs them as well",
        )
    return found


def _of_package(rest: str, name: str, stage: Stage) -> Iterator[tuple[str, Path]]:
    package, _, pattern = rest.partition("/")
    found = False
    for folder in _folders_of(package):
        for path in sorted(_files(pattern, folder)):
            found = True
            yield f"{package}/{path}", folder / path
    if not found:
        raise InputError(
            f'stage {stage.name}: input "{name}" matches no file of an installed package',
            hint=f"install {package}, or mend `inputs`",
        )


def _folders_of(package: str) -> list[Path]:
    """Return the folders of an installed package; `my-package` is looked for as `my_package`."""
    spec = importlib.util.find_spec(package.replace("-", "_"))
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [Path(place) for place in spec.submodule_search_locations]
    return [Path(spec.origin).parent] if spec.origin else []


def _files(pattern: str, root: Path) -> Iterator[str]:
    """Yield every regular file that `pattern` means under `root`, as a relative path with slashes."""
    matches = glob.glob(pattern, root_dir=root, recursive=True)  # noqa: PTH207 - pathlib leaves `**` half done on 3.10
    for match in matches:
        place = root / match
        if place.is_dir():
            for folder, folders, names in os.walk(place):
                folders[:] = [name for name in folders if name != "__pycache__"]
                yield from ((Path(folder) / name).relative_to(root).as_posix() for name in names)
        elif place.is_file():
            yield Path(match).as_posix()

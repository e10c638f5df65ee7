"""Look at a tree: what is there, and what it was made from. It changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping

from buildkit.compile import toolchain as tools
from buildkit.compile.arguments import roots
from buildkit.compile.loading import forbids_execution
from buildkit.compile.module import Module
from buildkit.compile.modules import find_modules
from buildkit.compile.places import LACKING, Probes
from buildkit.compile.profiles import COMMON, SHARED
from buildkit.core.fingerprint import digest_value, fingerprint
from buildkit.errors import ToolchainError
from buildkit.extensions.backends import Backends, backends_of
from buildkit.extensions.memory import Remembered, with_shared
from buildkit.extensions.native.inputs import Inputs
from buildkit.extensions.roles import without_others
from buildkit.extensions.sight import Sight, Subject
from buildkit.extensions.workspace import Workspace, remember
from buildkit.model import ABSENT, Digest, Fingerprint, Record

_PRESENT = Digest("present")


def look(workspace: Workspace) -> Sight:
    """Return what is there: the memory, the modules, the tools, and each module held against its record.

    Raises:
        ToolchainError: there are no tools, or nothing that is made could be loaded.
    """
    config, environment = workspace.config, workspace.environment
    remembered = remember(workspace)
    if workspace.in_tree and forbids_execution(workspace.folder):
        raise ToolchainError(
            f"{workspace.folder} is on a disk mounted noexec: no extension there can be imported",
            hint="mount it without noexec, or run uncompiled: PYBUILDKIT_COMPILE=off",
        )
    profile, cache = config.compile.profile, remembered.cache
    modules = find_modules(config)
    own = roots(str(config.source), "" if config.root == config.source else str(config.root))
    toolchain = tools.find(
        profile, workspace.python, environment, remembered.facts, cache.digest, own, scratch=workspace.scratch
    )
    places = tools.places(config.source, toolchain, config.root, environment, cache.digest)
    probes = Probes(places)
    inputs = Inputs(toolchain, places, probes, cache, own, environment)
    backends = backends_of(workspace, remembered, modules, toolchain, places, inputs)
    made = {**modules.compiled, **backends.libraries}
    alike = sorted({name.partition(".")[0] for name in made})
    key = digest_value(["state", toolchain.interpreter.suffix, profile, alike])
    if workspace.reuse:
        remembered = with_shared(remembered, workspace.store, key, made)
        subjects = {name: _subject(workspace, remembered, backends, module) for name, module in made.items()}
    else:
        subjects = {name: Subject(module) for name, module in made.items()}
    modules, subjects = without_others(config, modules, subjects)
    return Sight(workspace, remembered, modules, backends, subjects, key)


def _subject(workspace: Workspace, remembered: Remembered, backends: Backends, module: Module) -> Subject:
    """Hold a module against its record, and where it differs, ask the store for what is to be made."""
    now, then = _compare(remembered, backends, module)
    digest, folder = remembered.cache.digest, workspace.folder
    recorded = then.outputs if then is not None else {}
    outputs = {path: digest(f"{folder}/{path}") for path in recorded}
    same = then is not None and then.key == now.key
    if same and outputs == recorded:
        return Subject(module, now, then, outputs)
    if same and module.backend != "mypyc" and all(map(workspace.store.has, recorded.values())):
        return Subject(module, now, then, outputs, is_stored=True, recorded=then)
    return Subject(module, now, then, outputs, is_stored=backends.of(module).knows(module))


def _compare(remembered: Remembered, backends: Backends, module: Module) -> tuple[Fingerprint, Record | None]:
    """Return the module's fingerprint as it would be if the same files were read as last time, and the record."""
    state, inputs = remembered.state, backends.inputs
    record = state.records.get(module.name)
    if record is None:
        source = f"source {module.source}"
        return fingerprint({source: inputs.digest(source)}), None
    parts = backends.of(module).parts(module)
    for name in record.parts:
        if name.startswith("headers "):
            parts[name] = inputs.headers.outside_digest(tuple(state.headers[name]), module.folder)
        elif name not in parts:
            parts[name] = inputs.digest(name)
    for name in [name for name in record.parts if name.startswith("headers ") and parts[name] != record.parts[name]]:
        record = _by_header(name, state.headers[name], inputs, parts, record)
    turned = inputs.probes.changed(state.probes.get(module.name, ()))
    if turned is None:
        return fingerprint(parts), record
    was, name = turned[0] == "+", turned[1:]
    parts[name] = ABSENT if was else _PRESENT
    return fingerprint(parts), record._replace(parts={**record.parts, name: _PRESENT}) if was else record


def _by_header(
    name: str, known: Mapping[str, Digest], inputs: Inputs, parts: dict[str, Digest], record: Record
) -> Record:
    """Put the headers that changed in the place of their set, in the parts and the record: the reason names one."""
    digests = inputs.headers.digests(known)
    changed = {header: digest for header, digest in known.items() if digests[header] != digest}
    if not changed:  # another one stands in front of one of them
        return record
    del parts[name]
    parts |= {_shown(header): digests[header] for header in changed}
    rest = {part: digest for part, digest in record.parts.items() if part != name}
    return record._replace(parts=rest | {_shown(header): digest for header, digest in changed.items()})


def _shown(name: str) -> str:
    """Return the name of an input as a reason words it."""
    if name.startswith("driver "):
        _, at, language, words = name.split(" ", 3)
        said = " ".join(word for word in json.loads(words) if word not in {*COMMON, *SHARED})
        return f"driver {language} {said or at}"
    return name.removeprefix(LACKING)

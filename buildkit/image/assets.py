"""Commands that make files before the project is compiled, each in its own stage: `npm run build`, `collectstatic`.

A stage sees what its command reads and nothing else, so an edit elsewhere does not run it again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

_PROJECT = "/app"
_SERVICE = "dependencies"

_RUN = (
    "RUN --mount=type=secret,id=ca --mount=type=secret,id=netrc \\\n"
    "    if [ -s /run/secrets/ca ]; then "
    "export SSL_CERT_FILE=/run/secrets/ca NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi \\\n"
    "    && COMMAND"
)


@dataclass(frozen=True, slots=True)
class Asset:
    """One command.

    Args:
        run: the command, for the shell.
        base: the image that it runs in; empty for the build base with the service's packages.
        inputs: files and folders of the project that it reads; all if empty.
        outputs: files and folders that it makes; if empty, all that is in the project's folder then.
    """

    run: str
    base: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def stages(assets: Sequence[Asset]) -> str:
    """Return the stages in which the commands run."""
    return "".join(f"{_stage(at, asset)}\n\n" for at, asset in enumerate(assets, 1))


def results(assets: Sequence[Asset]) -> str:
    """Return the instructions that lay over the project what was made; it replaces what lies in its place."""
    lines = []
    for at, asset in enumerate(assets, 1):
        places = [f"{_PROJECT}/{each}" for each in asset.outputs]
        lines += [f"RUN {json.dumps(['rm', '-rf', *places])}"] if places else []
        lines += [f"COPY --from=asset-{at} {json.dumps([place, place])}" for place in places or [f"{_PROJECT}/"]]
    return "".join(f"{line}\n" for line in lines)


def _stage(at: int, asset: Asset) -> str:
    own = [] if asset.base else [f"ENV PATH=/opt/venv/bin:${{PATH}} PYTHONPATH={_PROJECT}/${{SOURCE_ROOT}}"]
    copies = [json.dumps([each, f"{_PROJECT}/{each}"]) for each in asset.inputs] or [". ."]
    lines = [
        f"FROM {asset.base or _SERVICE} AS asset-{at}",
        *(["ARG SOURCE_ROOT=."] if own else []),
        *own,
        f"WORKDIR {_PROJECT}",
        *(f"COPY {each}" for each in copies),
        _RUN.replace("COMMAND", f"{{ {asset.run}; }}"),
    ]
    return "\n".join(lines) + "\n"

"""A project of which releases are made to this machine, and the image that all of its images are made from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from plugins.images import docker as ask_docker
from plugins.projects import InvokeRunner

if TYPE_CHECKING:
    from releases import Site


@pytest.fixture(scope="session")
def release_base(tmp_path_factory: pytest.TempPathFactory, docker: None) -> Iterator[str]:  # noqa: ARG001
    """The image, made once a worker."""
    import releases

    name = f"buildkit-test-{uuid4().hex[:8]}"
    releases.build_base(tmp_path_factory.mktemp("base"), name)
    yield name
    ask_docker("image", "rm", "--force", name)


@pytest.fixture
def site(
    tmp_path: Path,
    release_base: str,
    postgres: Path,
    docker_registry: None,  # noqa: ARG001
    invoke: InvokeRunner,
) -> Iterator[Site]:
    """A project with a registry and a database of its own."""
    import releases

    with releases.site(tmp_path, release_base, postgres, invoke) as made:
        yield made

"""Generations in a real registry: round trip by digest, cut connections, wrong bytes, passwords."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import data_service
import pytest
from data_service import Service, until
from registry import Cutter, Running, registry

from buildkit.config import load
from buildkit.data.artifact import layers
from buildkit.data.artifact.layers import Transfer
from buildkit.data.artifact.pull import pull as pull_artifact
from buildkit.data.artifact.push import push as push_artifact
from buildkit.data.stages.digests import beside
from buildkit.data.status.decision import Condition
from buildkit.data.status.look import look
from buildkit.data.status.verify import require_whole, verify
from buildkit.doors import clock, process
from buildkit.errors import ConfigurationError, DataError
from buildkit.flows.data import lines, pull_data, push_data
from buildkit.registry.reference import parse
from buildkit.report.console import Console

BIG = 20 << 20
ROBOT = "robot:$2b$04$nR5YEc5C05VvtBDS7slfqu9pWi5MehXsltxn1QmAchIiLDpgqcd1i"  # password: secret

pytestmark = pytest.mark.usefixtures("docker_registry")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = data_service.make(tmp_path / "service")
    program = (
        "import os, pathlib, random; out = pathlib.Path(os.environ['PYBUILDKIT_DATA_OUT'], 'count');"
        f"[(out / str(n)).write_bytes(random.Random(n).randbytes({BIG // 10})) for n in range(10)]"
    )
    made.change_stage("count", run=(sys.executable, "-c", program), outputs=("count/",))
    made.refresh()
    yield made
    made.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with registry(tmp_path / "registry") as found:
        yield found


@pytest.fixture
def host(service: Service, tmp_path: Path) -> Service:
    """Another host: the same project, an empty volume."""
    other = Service(service.root)
    other.pipeline = replace(service.pipeline, folder=tmp_path / "other")
    return other


def push(service: Service, where: str) -> Transfer:
    return push_artifact(service.pipeline.folder, parse(where), os.environ, lambda _: None)


def pull(service: Service, where: str) -> Transfer:
    return pull_artifact(service.pipeline.folder, parse(where), os.environ, service.said.append, lambda _: None)


def files(service: Service) -> dict[str, bytes]:
    return {
        path.relative_to(service.current).as_posix(): path.read_bytes()
        for path in service.current.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }


def test_a_round_trip_by_digest_makes_fresh_data(service: Service, host: Service, running: Running) -> None:
    there = f"localhost:{running.port}/team/data"
    pushed = push(service, f"{there}:latest")
    pulled = pull(host, f"{there}@{pushed.digest}")
    assert pulled.digest == pushed.digest
    assert files(host) == files(service)
    require_whole(verify(host.pipeline, deep=True))
    seen = look(host.pipeline, host.environment, beside(host.pipeline.folder), clock.now())
    assert (seen.condition, seen.detail) == (Condition.FRESH, "")
    assert (host.current / "count/7").stat().st_mode & 0o777 == 0o444


def test_only_what_is_missing_is_moved(service: Service, host: Service, running: Running) -> None:
    there = f"localhost:{running.port}/team/data:latest"
    first = push(service, there)
    assert first.transferred > BIG
    assert push(service, there).transferred < 5000
    pull(host, there)
    assert pull(host, there).transferred == 0
    (service.root / "in/a.txt").write_text("other\n")
    service.refresh()
    assert push(service, there).transferred < 50_000
    again = pull(host, there)
    assert {row.subject: row.result for row in again.outcomes} == {
        "read": "pulled",
        "select": "pulled",
        "count": "restored",
    }
    assert files(host) == files(service)


def test_a_cut_connection_goes_on_where_it_stopped(
    service: Service, host: Service, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "_PART", 4 << 20)
    cutter = Cutter(running.port, every=6 << 20)
    try:
        there = f"localhost:{cutter.port}/team/data:latest"
        push(service, there)
        assert cutter.cuts >= 3
        assert cutter.passed < 2.5 * BIG
        cutter.cuts = cutter.passed = 0
        pull(host, there)
        assert cutter.cuts >= 3
        assert cutter.passed < 1.3 * BIG
    finally:
        cutter.close()
    assert files(host) == files(service)


def test_a_killed_pull_goes_on_where_it_stopped(service: Service, host: Service, running: Running) -> None:
    there = f"localhost:{running.port}/team/data:latest"
    push(service, there)
    code = (
        "import os, pathlib\n"
        "from buildkit.data.artifact.pull import pull\n"
        "from buildkit.registry import exchange\n"
        "from buildkit.registry.reference import parse\n"
        "real = exchange.Answer.blocks\n"
        "def slow(answer, most):\n"
        "    import time\n"
        "    for block in real(answer, most):\n"
        "        time.sleep(0.1)\n"
        "        yield block\n"
        "exchange.Answer.blocks = slow\n"
        f"pull(pathlib.Path({str(host.pipeline.folder)!r}), parse({there!r}), os.environ, print, print)"
    )
    child = process.start([sys.executable, "-c", code])
    until(lambda: any(path.stat().st_size > 5 << 20 for path in host.pipeline.folder.glob("pull/*")))
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not host.current.exists()
    assert pull(host, there).transferred < BIG - (4 << 20)
    assert files(host) == files(service)
    assert not (host.pipeline.folder / "pull").exists()
    assert len(list((host.pipeline.folder / "generations").iterdir())) == 1


def test_wrong_bytes_are_refused_and_the_data_stays(service: Service, host: Service, running: Running) -> None:
    there = f"localhost:{running.port}/team/data"
    push(service, f"{there}:first")
    pull(host, f"{there}:first")
    before = files(host)
    (service.root / "in/a.txt").write_text("other\n")
    service.refresh(force=True)
    known = set(running.blobs)
    push(service, f"{there}:second")
    for blob in set(running.blobs) - known:
        content = blob.read_bytes()
        if b"other" in content and not content.startswith(b"{"):
            blob.write_bytes(content.replace(b"other", b"OTHER"))
    with pytest.raises(DataError, match=r"what came is not sha256:"):
        pull(host, f"{there}:second")
    assert files(host) == before
    with pytest.raises(DataError, match="there is no such artefact"):
        pull(host, f"{there}@sha256:{'0' * 64}")


def test_damaged_data_is_not_published(service: Service, running: Running) -> None:
    file = service.current / "read/all.txt"
    file.chmod(0o644)
    file.write_text("# TWO\none\ntwo\n")
    with pytest.raises(DataError, match=r"read/all\.txt is damaged: nothing was tagged"):
        push(service, f"localhost:{running.port}/team/data:latest")


def test_a_registry_with_a_password(
    service: Service, host: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    with registry(tmp_path / "guarded", password=ROBOT) as running:
        there = f"localhost:{running.port}/team/data:latest"
        with pytest.raises(DataError, match=r"authentication required|status 401") as failure:
            push(service, there)
        assert f"docker login localhost:{running.port}" in failure.value.hint
        monkeypatch.setenv("PYBUILDKIT_REGISTRY_USER", "robot")
        monkeypatch.setenv("PYBUILDKIT_REGISTRY_PASSWORD", "secret")
        push(service, there)
        pull(host, there)
        monkeypatch.setenv("PYBUILDKIT_REGISTRY_PASSWORD", "wrong")
        with pytest.raises(DataError) as failure:
            pull(host, there)
        assert "wrong" not in str(failure.value.message)
    monkeypatch.undo()


def test_nobody_there_is_said(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buildkit.registry.patience.TRIES", 2)
    with pytest.raises(DataError, match=r"registry localhost:9: .*refused"):
        push(service, "localhost:9/team/data:latest")


@pytest.mark.parametrize("text", ["data", "registry.example/", "registry.example/UPPER:x", "http://host/name"])
def test_a_reference_that_is_none_is_named(service: Service, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r'data\.artifact: "[^"]+" names no artefact'):
        layers.published(service.pipeline, text)


def test_the_commands_push_and_pull(service: Service, running: Running) -> None:
    (service.root / "pyproject.toml").write_text(
        f"""
        [project]
        name = "service"
        version = "1"
        [tool.buildkit.data]
        artifact = "localhost:{running.port}/team/data:latest"
        [[tool.buildkit.data.stage]]
        name = "read"
        run = "app.pipeline:read"
        inputs = ["in/*.txt"]
        outputs = ["read/"]
        """
    )
    config = load(service.root, {})
    console = Console(os.environ, talk=io.StringIO())
    report = push_data(config, console, os.environ)
    assert [row.result for row in report.outcomes] == ["sent", "sent", "sent"]
    assert lines(report)[0].startswith("data: 3 sent; sha256:")
    assert [row.result for row in pull_data(config, console, os.environ).outcomes] == ["fresh", "fresh", "fresh"]
    (service.root / "pyproject.toml").write_text('[project]\nname = "service"\nversion = "1"\n[tool.buildkit]\n')
    nowhere = load(service.root, {})
    with pytest.raises(ConfigurationError, match=r"data\.artifact is not set"):
        push_data(nowhere, console, os.environ)


def test_what_is_no_plain_file_comes_through_as_well(service: Service, host: Service, running: Running) -> None:
    """Links, empty folders, who may execute, names of other encodings: the manifest carries what no layer does."""
    program = """
import os, pathlib
out = pathlib.Path(os.environ['PYBUILDKIT_DATA_OUT'], 'count')
(out / 'deep/empty').mkdir(parents=True)
(out / 'tool').touch(0o755)
(out / 'deep/link').symlink_to('../tool')
(out / os.fsdecode(b'caf\\xe9')).write_text('x')
"""
    service.change_stage("count", run=(sys.executable, "-c", program))
    service.refresh()
    push(service, f"localhost:{running.port}/data:odd")
    pull(host, f"localhost:{running.port}/data:odd")
    require_whole(verify(host.pipeline, deep=True))
    place = host.current / "count"
    assert (place / "deep/empty").is_dir()
    assert (place / "deep/link").readlink() == Path("../tool")
    assert (place / "tool").stat().st_mode & 0o777 == 0o555
    assert (place / os.fsdecode(b"caf\xe9")).read_text() == "x"
    assert pull(host, f"localhost:{running.port}/data:odd").transferred == 0

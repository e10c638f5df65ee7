"""An image without an engine: from a base in a folder, wheels of an index, and the project's files."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from plugins.bases import PYTHON, Folder, Shop, base_in, files_of, shop_in
from plugins.small_index import NAMES, served

from buildkit.doors import process
from buildkit.errors import BudgetError, ConfigurationError, ImageError, ToolchainError
from buildkit.flows.image_reproduce import _compared
from buildkit.image.oci import layer, nodes
from buildkit.image.push.parcel import parcel

LOCKED = Path(__file__).parents[1] / "projects" / "locked" / "uv"
SITE = f"opt/venv/lib/python{PYTHON}/site-packages"


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Serve the small index; give what was fetched."""
    with served() as (address, fetched):
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple")
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
        yield fetched


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return shop_in(tmp_path / "shop")


def test_the_image_has_packages_service_runtime_and_bytecode_and_says_how_it_runs(
    tmp_path: Path, index: list[str]
) -> None:
    shop = shop_in(tmp_path / "shop", "epsilon")
    outcome, facts = shop.build()
    files = shop.files()

    assert outcome.result == "made"
    assert index == ["epsilon-1.0-py3-none-any.whl" if PYTHON < "3.12" else "epsilon-2.0-py3-none-any.whl"]
    assert {f"{SITE}/epsilon.py", f"{SITE}/__pycache__/epsilon.cpython-{PYTHON.replace('.', '')}.pyc"} <= {*files}
    assert files["app/src/shop/main.py"][1] == (shop.root / "src/shop/main.py").read_bytes()
    assert "opt/buildkit/buildkit/runtime/entrypoint.py" in files
    assert not any(name.startswith(("app/base", "opt/buildkit/buildkit/flows", "app/tasks.py")) for name in files)
    assert files["opt/venv/bin/python3"][0].linkname == "/usr/bin/python3"
    config = shop.config["config"]
    assert config["Cmd"] == ["uvicorn", "shop.main:app"]
    assert config["User"] == "10001:10001"
    assert {"PYTHONPATH=/app/src:/opt/buildkit", "COLOUR=blue"} <= {*config["Env"]}
    assert config["Healthcheck"]["Test"][-1] == "http://127.0.0.1:8000/health"
    assert facts["layers"] == len(shop.image["layers"]) == len(shop.config["rootfs"]["diff_ids"])


def test_folders_that_the_service_may_write_belong_to_it_behind_links_of_the_base_too(shop: Shop) -> None:
    shop.build()
    files = shop.files()
    owned = {name for name, (member, _) in files.items() if member.uid == 10001}
    assert owned == {"app/uploads", "app/data", "run/shop", "home/service", "tmp/shop"}
    assert files["tmp"][0].mode == 0o1777, "as the base has it"
    assert files["app"][0].uid == 0


def test_the_digests_of_layers_are_those_of_their_tars(shop: Shop) -> None:
    import gzip

    shop.build()
    tars = [gzip.decompress(shop.layout.place(row["digest"]).read_bytes()) for row in shop.image["layers"]]
    assert shop.config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(each).hexdigest()}" for each in tars]
    for row in (shop.image["config"], *shop.image["layers"]):
        content = shop.layout.place(row["digest"]).read_bytes()
        assert (f"sha256:{hashlib.sha256(content).hexdigest()}", len(content)) == (row["digest"], row["size"])


def test_where_nothing_changed_nothing_is_made_and_nothing_started_but_git(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.build()
    before = shop.image
    started: list[str] = []

    def watched(command: list[str], **given: object) -> process.Completed:
        started.append(command[0])
        return real(command, **given)  # type: ignore[arg-type]

    real = process.run
    monkeypatch.setattr(process, "run", watched)
    outcome, _ = shop.build()
    assert (outcome.result, str(outcome.reason)) == ("fresh", "unchanged")
    assert {*started} <= {"git"}
    assert shop.image == before


def test_a_changed_line_makes_one_layer_anew_and_says_which_file(shop: Shop) -> None:
    shop.build()
    before = {row["digest"] for row in shop.image["layers"]}
    shop.edit("src/shop/prices.py", "3", "4")
    outcome, facts = shop.build()
    assert str(outcome.reason) == "context changed: src/shop/prices.py"
    assert facts["made"] == 1
    after = {row["digest"] for row in shop.image["layers"]}
    assert len(after - before) == 1


def test_a_dry_run_says_what_is_due_and_writes_no_image(shop: Shop) -> None:
    outcome, _ = shop.build(dry_run=True)
    assert outcome.result == "would-make"
    assert not [name for name in shop.layout.known() if name.startswith("shop-api")]


def test_layers_do_not_depend_on_folder_umask_order_or_clock(tmp_path: Path, index: list[str]) -> None:
    assert index == []
    first = shop_in(tmp_path / "one", "alpha==1.1")
    first.build()
    before = os.umask(0o077)
    try:
        second = shop_in(tmp_path / "deep" / "er" / "two", "alpha==1.1")
        for place in sorted(second.root.rglob("*.py"), reverse=True):
            text = place.read_text()
            place.unlink()
            place.write_text(text)
            os.utime(place, (1, 1))
        second.build()
    finally:
        os.umask(before)
    assert second.config["rootfs"] == first.config["rootfs"]
    assert second.image == first.image


def test_bytecode_is_what_python_loads_and_follows_from_the_source_alone(shop: Shop, tmp_path: Path) -> None:
    shop.build()
    name = f"app/src/shop/__pycache__/main.cpython-{PYTHON.replace('.', '')}.pyc"
    (tmp_path / "main.pyc").write_bytes(shop.files()[name][1])
    code = f"import runpy; print(runpy.run_path({str(tmp_path / 'main.pyc')!r})['app'].__code__.co_filename)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout == "/app/src/shop/main.py\n"


def reproduced(shop: Shop) -> subprocess.CompletedProcess[str]:
    return shop.invoke("image.reproduce", "--json")


def test_a_second_build_elsewhere_makes_the_same_bytes(shop: Shop) -> None:
    done = reproduced(shop)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["images"][0]["outcome"] == "same"
    assert not (shop.root / ".buildkit/reproduce").exists()


def test_a_file_that_differs_is_named_with_its_cause(shop: Shop) -> None:
    shop.build()
    wheels = shop.layout.folder
    rows = json.loads((wheels / "layers.json").read_text())
    tree = {f"{PYTHON}.log": nodes.text("planted")}
    other = layer.write(shop.layout, {**tree, "app/src/shop/main.py": nodes.text("other")})
    image = shop.image
    image["layers"][-1] |= {"digest": other.digest, "size": other.size}
    assert rows
    row = shop.layout.add(image["mediaType"], json.dumps(image).encode())
    names = {name: each for name, each in shop.layout.known().items() if name.startswith("shop-api")}
    known = {name: replace(each, digest=row.digest, size=row.size) for name, each in names.items()}
    found = _compared(parcel(shop.layout, known["shop-api:latest"]), parcel(shop.layout, names["shop-api:latest"]))
    causes = {each.path: each.cause for each in found}
    assert causes[f"{PYTHON}.log"] == "only the first build has it"
    assert "its content" in causes["app/src/shop/main.py"]


# ------------------------------------------------------------------ another Python, another processor


def test_wheels_are_those_of_the_bases_python_and_processor(tmp_path: Path, index: list[str]) -> None:
    """Its lock has packages that only a marker asks for, each for another Python, system or processor."""
    address = os.environ["PIP_INDEX_URL"].removesuffix("/simple")
    shop = shop_in(tmp_path / "shop", base=False)
    text = (LOCKED / "pyproject.toml").read_text().replace(NAMES, address)
    image = shop.root.joinpath("pyproject.toml").read_text().partition("[tool.buildkit]")[2]
    image = (
        image.replace("uvicorn", "python").replace("shop", "app").replace("writable", 'extras = ["quick"]\nwritable')
    )
    (shop.root / "pyproject.toml").write_text(f"{text}\n[tool.buildkit]{image}platforms = ['linux/arm64']\n")
    (shop.root / "uv.lock").write_text((LOCKED / "uv.lock").read_text().replace(NAMES, address))
    shutil.copytree(shop.root / "src/shop", shop.root / "src/app")
    other = "3.13" if PYTHON != "3.13" else "3.12"
    made = Folder(shop.root / "base")
    made.write(one=made.image(files_of(other), architecture="arm64"))
    shop.build()
    found = {name.partition("-")[0] for name in index}
    assert "arm" in found
    assert not {"gamma", "onlywin"} & found
    name = next(name for name in shop.layout.known() if name.endswith("api:latest"))
    manifest = json.loads(shop.layout.read(shop.layout.known()[name].digest))
    assert json.loads(shop.layout.read(manifest["config"]["digest"]))["architecture"] == "arm64"


def test_several_processors_make_an_index(shop: Shop) -> None:
    made = Folder(shop.root / "base")
    rows = [
        made.image(files_of(), architecture=each, platform={"os": "linux", "architecture": each})
        for each in ("amd64", "arm64")
    ]
    made.write(one=made.blob({"schemaVersion": 2, "manifests": rows}, "application/vnd.oci.image.index.v1+json"))
    shop.edit("pyproject.toml", "environment", 'platforms = ["linux/amd64", "linux/arm64"]\nenvironment')
    shop.build()
    found = shop.image["manifests"]
    assert [row["platform"] for row in found] == [
        {"architecture": "amd64", "os": "linux"},
        {"architecture": "arm64", "os": "linux"},
    ]
    assert shop.build()[0].result == "fresh"


def test_without_a_lock_another_python_is_refused(tmp_path: Path, index: list[str]) -> None:
    shop = shop_in(tmp_path / "shop", "alpha", base=False)
    base_in(shop.root / "base", "3.13" if PYTHON != "3.13" else "3.12")
    with pytest.raises(ImageError, match="without a lock") as caught:
        shop.build()
    assert "lock the project: uv lock" in caught.value.hint
    assert index == []


def test_no_python_of_the_bases_version_means_no_bytecode_and_is_said(tmp_path: Path) -> None:
    shop = shop_in(tmp_path / "shop", base=False)
    base_in(shop.root / "base", "3.19")
    shop.build()
    assert "no Python 3.19 here, so the image gets no bytecode" in shop.talk.getvalue()
    assert not [name for name in shop.files() if name.endswith(".pyc")]


# ------------------------------------------------------------------ what is compiled


@pytest.fixture
def compiled(tmp_path: Path, compiler: str, tools_are_known: None) -> Shop:
    """The service with modules that Cython compiles."""
    assert compiler
    assert tools_are_known is None
    shop = shop_in(tmp_path / "shop")
    shop.edit("pyproject.toml", 'backend = "none"\n', "")
    return shop


@pytest.mark.slow
def test_modules_are_compiled_for_the_base_and_an_edit_compiles_one(compiled: Shop) -> None:
    compiled.build()
    names = [name for name in compiled.files() if name.endswith(".so")]
    assert sorted(re.sub(r"\.cpython.*", "", name) for name in names) == ["app/src/shop/main", "app/src/shop/prices"]
    compiled.edit("src/shop/prices.py", "3", "5")
    compiled.build()
    assert "compiling one module for release" in compiled.talk.getvalue()
    newer = compiled.root / "base"
    shutil.rmtree(newer)
    base_in(newer, libc="2.1")
    with pytest.raises(ImageError, match=r"is compiled for glibc 2\.\d+, and the base has 2\.1") as caught:
        compiled.build(pull=True)
    assert "build on a machine as old as the base" in caught.value.hint
    assert "shop-api:latest" in compiled.layout.known(), "the image from before is still there"


def test_compiled_modules_for_another_processor_or_python_are_refused(compiled: Shop) -> None:
    shutil.rmtree(compiled.root / "base")
    made = Folder(compiled.root / "base")
    made.write(one=made.image(files_of(), architecture="arm64"))
    compiled.edit("pyproject.toml", "environment", 'platforms = ["linux/arm64"]\nenvironment')
    with pytest.raises(ToolchainError, match="the base is for aarch64") as caught:
        compiled.build()
    assert 'backend = "none"' in caught.value.hint
    compiled.edit("pyproject.toml", 'platforms = ["linux/arm64"]\n', "")
    base_in(compiled.root / "base", "3.19")
    with pytest.raises(ToolchainError, match=r"there is no Python 3\.19 here to compile for"):
        compiled.build()


# ------------------------------------------------------------------ what cannot be


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('system-packages = ["hello"]', "system-packages: packages of the system run in containers"),
        ('slim = ["tests"]', "slim: rules that slim packages run in containers"),
        ('assets = ["make"]', "assets: commands before the copy run in containers"),
        ('dockerfile = "Dockerfile"', "dockerfile: a Dockerfile of the project's own run"),
    ],
)
def test_what_needs_a_container_is_refused_by_its_setting(shop: Shop, setting: str, words: str) -> None:
    (shop.root / "Dockerfile").write_text("FROM scratch\n")
    shop.edit("pyproject.toml", "environment", f"{setting}\nenvironment")
    with pytest.raises(ConfigurationError, match=words) as caught:
        shop.build()
    assert 'builder = "docker"' in caught.value.hint


def test_a_package_without_a_wheel_that_fits_is_named(tmp_path: Path, index: list[str]) -> None:
    shop = shop_in(tmp_path / "shop", "alpha==9.9")
    with pytest.raises(
        ImageError, match=rf"alpha==9\.9 has no wheel for Python {re.escape(PYTHON)} on glibc"
    ) as caught:
        shop.build()
    assert caught.value.exit_code == 20
    assert index == []


def test_another_hash_than_that_of_the_lock_installs_nothing(tmp_path: Path, index: list[str]) -> None:
    shop = shop_in(tmp_path / "shop", "beta==1.0")
    (shop.root / "requirements.txt").write_text(f"beta==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(ImageError, match="another hash than its lock says"):
        shop.build()
    assert index == ["beta-1.0-py3-none-any.whl"]
    assert not [*(shop.root / ".buildkit/oci/wheels").glob("*.whl")]


def test_an_index_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(ImageError, match="the package index cannot be reached"):
        shop_in(tmp_path / "shop", "alpha").build()


def test_a_repository_would_have_to_be_built(tmp_path: Path) -> None:
    shop = shop_in(tmp_path / "shop", f"alpha @ git+https://example.invalid/alpha@{'1' * 40}")
    with pytest.raises(ImageError, match="alpha: a repository or folder has to be built first"):
        shop.build()


def test_a_budget_is_kept(shop: Shop) -> None:
    shop.edit("pyproject.toml", "environment", 'size-budget = "10KB"\nenvironment')
    with pytest.raises(BudgetError, match="the budget is"):
        shop.build()


# ------------------------------------------------------------------ kept, lost, cut


def test_a_lost_blob_is_made_again_and_a_lost_folder_too(shop: Shop) -> None:
    shop.build()
    before = shop.image
    shop.layout.place(before["layers"][-1]["digest"]).unlink()
    assert shop.build()[0].result == "made"
    assert shop.image == before
    shutil.rmtree(shop.layout.folder)
    shop.build()
    assert shop.image == before


def test_what_no_image_needs_any_more_is_swept(shop: Shop) -> None:
    shop.build()
    for price in range(4, 8):
        shop.edit("src/shop/prices.py", str(price - 1), str(price))
        shop.build()
    blobs = {f"sha256:{place.name}" for place in (shop.layout.folder / "blobs/sha256").iterdir()}
    reachable = {digest for row in shop.layout.known().values() for digest in shop.layout.reachable(row)}
    assert len(blobs - reachable) == 1, "what is known of the base"


@pytest.mark.slow
def test_a_build_that_is_killed_at_any_moment_leaves_the_image_before_or_the_next(shop: Shop) -> None:
    shop.build()
    before = shop.image
    shop.edit("src/shop/prices.py", "3", "4")
    kept = shop.root.with_name("kept")
    shutil.copytree(shop.root, kept)
    shop.build()
    after = shop.image
    for step in range(12):
        shutil.rmtree(shop.root)
        shutil.copytree(kept, shop.root)
        child = subprocess.Popen(
            [sys.executable, "-m", "invoke", "image"],
            cwd=shop.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(0.3 + step * 0.06)
        child.send_signal(signal.SIGKILL)
        child.wait(20)
        assert shop.image in (before, after)
        shop.build()
        assert shop.image == after
    assert [place.name for place in (shop.layout.folder / "blobs/sha256").iterdir() if "tmp" in place.name] == []


def test_a_tar_for_an_engine_has_the_layout_and_what_older_engines_want(shop: Shop) -> None:
    answer = shop.invoke("image.save", "--output", "shop.tar")
    assert answer.returncode == 0, answer.stderr
    with tarfile.open(shop.root / "shop.tar") as archive:
        loaded = json.load(archive.extractfile("manifest.json"))[0]  # type: ignore[arg-type]
        names = {*archive.getnames()}
    assert loaded["RepoTags"] == ["shop-api:latest"]
    assert {loaded["Config"], *loaded["Layers"], "index.json", "oci-layout"} <= names

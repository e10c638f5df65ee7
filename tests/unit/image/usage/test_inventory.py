"""Whose a module is, by the files that are installed; and what requires what."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from installed import Package, environment, inventory

from buildkit.dependencies.needs import Need
from buildkit.errors import ConfigurationError
from buildkit.image.usage.closure import reached, share
from buildkit.image.usage.inventory import ask, module_of

PROTOBUF = Package("protobuf", {"google/protobuf/__init__.py": "", "google/protobuf/message.py": "x = 1"})
AUTH = Package("google-auth", {"google/auth/__init__.py": ""}, ["cryptography", 'rsa; extra == "rsa"'])
CRYPTOGRAPHY = Package("cryptography", {"cryptography/__init__.py": "x" * 100}, ["cffi"])
CFFI = Package("cffi", {"cffi/__init__.py": "", "_cffi_backend.cpython-311-x86_64-linux-gnu.so": "elf"})
YAML = Package("PyYAML", {"yaml/__init__.py": "", "_yaml/__init__.py": ""})


def test_a_shared_namespace_is_split_by_files() -> None:
    found = inventory(PROTOBUF, AUTH)

    assert found.owners("google.protobuf.message") == {"protobuf"}
    assert found.owners("google.auth.transport.requests") == {"google-auth"}
    assert found.owners("google", ["auth"]) == {"google-auth"}
    assert found.owners("google") == {"protobuf", "google-auth"}
    assert found.owners("google.cloud.storage") == frozenset()
    assert found.distributions["protobuf"].tops == ("google.protobuf",)


def test_a_module_may_have_another_name_than_its_package() -> None:
    found = inventory(YAML, CFFI)

    assert found.owners("yaml.loader") == {"pyyaml"}
    assert found.owners("_cffi_backend") == {"cffi"}
    assert found.distributions["pyyaml"].tops == ("yaml", "_yaml")


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("a/__init__.py", "a"),
        ("a/b.py", "a.b"),
        ("a/b.cpython-311-x86_64-linux-gnu.so", "a.b"),
        ("a-stubs/b.pyi", "a.b"),
        ("../../../bin/a.py", ""),
        ("a-1.dist-info/x.py", ""),
        ("a/data/some-file.py", ""),
        ("a/data.txt", ""),
    ],
)
def test_a_file_is_a_module(path: str, module: str) -> None:
    assert module_of(path) == module


def test_what_goes_with_a_package_is_what_nobody_else_requires() -> None:
    found = inventory(PROTOBUF, AUTH, CRYPTOGRAPHY, CFFI)
    needs = [Need("google-auth"), Need("cryptography"), Need("protobuf")]

    assert set(reached(found, needs)) == {"google-auth", "cryptography", "cffi", "protobuf"}
    assert share(found, needs, "cryptography").gone == ()
    assert share(found, needs, "cryptography").kept_by == ("google-auth",)
    auth = share(found, [Need("google-auth")], "google-auth")
    assert auth.gone == ("google-auth", "cffi", "cryptography")
    assert auth.size == 100 + len("elf")


def test_an_extra_brings_what_only_it_requires() -> None:
    found = inventory(AUTH, CRYPTOGRAPHY, CFFI, Package("rsa", {"rsa.py": ""}))

    assert "rsa" not in reached(found, [Need("google-auth")])
    assert "rsa" in reached(found, [Need("google-auth", extras=("rsa",))])
    assert [*found.optional("google-auth")] == [("rsa", "rsa")]


def test_a_marker_that_does_not_hold_here_brings_nothing() -> None:
    found = inventory(
        Package("a", {}, ['b; sys_platform == "win32"', 'c; python_version >= "3.8"']), Package("b"), Package("c")
    )

    assert set(reached(found, [Need("a")])) == {"a", "c"}


def test_a_real_environment_says_what_is_installed(tmp_path: Path) -> None:
    folder = environment(
        tmp_path / "env", PROTOBUF, AUTH, Package("tool", {"tool.py": ""}, (), [("console_scripts", "run", "tool:run")])
    )
    found = ask(folder / "bin" / "python", {})

    assert set(found.distributions) == {"protobuf", "google-auth", "tool"}
    assert found.distributions["protobuf"].files["google/protobuf/message.py"] == len("x = 1")
    assert found.distributions["tool"].commands == ("run",)
    assert found.is_standard("json.decoder")
    assert found.markers["sys_platform"] == sys.platform


def test_bytecode_counts_with_its_source(tmp_path: Path) -> None:
    folder = environment(tmp_path / "env", Package("one", {"one.py": "x = 1\n"}))
    before = ask(folder / "bin" / "python", {}).distributions["one"].size
    site = next(folder.glob("lib/python*/site-packages"))
    import py_compile

    cached = py_compile.compile(str(site / "one.py"))

    assert ask(folder / "bin" / "python", {}).distributions["one"].size == before + Path(str(cached)).stat().st_size


def test_an_interpreter_that_does_not_answer_is_an_error_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    (tmp_path / "python").chmod(0o755)

    with pytest.raises(ConfigurationError, match="it does not say what is installed: broken"):
        ask(tmp_path / "python", {})
    with pytest.raises(ConfigurationError, match="No such file"):
        ask(tmp_path / "missing", {})

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from buildkit.compile.distutils import DistutilsSettings
from buildkit.core.fingerprint import digest_bytes
from buildkit.extensions.native.extension import PLUS_PLUS, Extension, actions_of, compile_key, link_key
from buildkit.model import Digest
from buildkit.store.artifacts import Store

PARTS = {
    name: digest_bytes(name.encode())
    for name in ("toolchain compiler", PLUS_PLUS, "toolchain python", "setting flags", "setting link flags")
}
EXTENSION = Extension("app.fast", "app/fast.pyx", {"fast.c": digest_bytes(b"int x;")})
OBJECT = digest_bytes(b"object")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, pytest.fail)


def changed(name: str) -> Mapping[str, Digest]:
    return {**PARTS, name: Digest("other")}


def keys(extension: Extension, parts: Mapping[str, Digest] = PARTS, attempt: int = 0) -> tuple[Digest, Digest]:
    return compile_key(extension, next(iter(extension.files)), attempt, parts), link_key(
        extension, [OBJECT], attempt, parts
    )


@pytest.mark.parametrize(
    ("part", "compiles", "links"),
    [
        ("toolchain compiler", True, True),
        ("toolchain python", True, True),
        ("setting flags", True, False),
        ("setting link flags", False, True),
        (PLUS_PLUS, False, False),
    ],
)
def test_each_action_rests_on_its_own_parts(part: str, compiles: bool, links: bool) -> None:
    now, then = keys(EXTENSION, changed(part)), keys(EXTENSION)

    assert (now[0] != then[0], now[1] != then[1]) == (compiles, links)


def test_cpp_rests_on_its_own_compiler() -> None:
    plus_plus = replace(EXTENSION, distutils=DistutilsSettings(language="c++"))

    assert keys(plus_plus) != keys(plus_plus, changed(PLUS_PLUS))
    assert keys(plus_plus) == keys(plus_plus, changed("toolchain compiler"))


@pytest.mark.parametrize(
    ("other", "compiles", "links"),
    [
        (replace(EXTENSION, c_files={"fast.c": Digest("other")}), True, False),
        (replace(EXTENSION, generated_headers={"fast.h": Digest("other")}), True, False),
        (replace(EXTENSION, source="other/fast.pyx"), True, False),
        (replace(EXTENSION, name="app.slow"), False, True),
        (replace(EXTENSION, distutils=DistutilsSettings(include=("source include",))), True, False),
        (replace(EXTENSION, distutils=DistutilsSettings(compile=("-DONE",))), True, True),
        (replace(EXTENSION, distutils=DistutilsSettings(link=("-lm",))), False, True),
        (replace(EXTENSION, distutils=DistutilsSettings(libraries=("source vendor",))), False, True),
        (replace(EXTENSION, distutils=DistutilsSettings(objects=("source vendor/a.o",))), False, True),
    ],
)
def test_what_a_unit_is_made_of_is_in_the_key_of_who_uses_it(other: Extension, compiles: bool, links: bool) -> None:
    now, then = keys(other), keys(EXTENSION)

    assert (now[0] != then[0], now[1] != then[1]) == (compiles, links)


def test_compilers_that_are_tried_have_keys_of_their_own() -> None:
    assert not set(keys(EXTENSION)) & set(keys(EXTENSION, attempt=1))


# ------------------------------------------------------------------ which actions lead to an extension


def made(store: Store, attempt: int = 0, object_: Digest = OBJECT) -> Digest:
    """Keep what leads to an extension."""
    output = store.put(f"extension {attempt} {object_}".encode())
    entry = {"headers": [], "digest": "", "words": ""}
    store.add(compile_key(EXTENSION, "fast.c", attempt, PARTS), {**entry, "object": object_})
    store.add(link_key(EXTENSION, [object_], attempt, PARTS), {**entry, "output": output})
    return output


def test_both_actions_lead_to_it(store: Store) -> None:
    output = made(store)

    found = actions_of(store, EXTENSION, PARTS, {output})

    assert [key for key, _ in found] == [*keys(EXTENSION)]


def test_of_several_objects_the_one_that_leads_there_counts(store: Store) -> None:
    output = made(store)
    made(store, object_=digest_bytes(b"newer"))

    (_, entries), _ = actions_of(store, EXTENSION, PARTS, {output})

    assert [entry["object"] for entry in entries] == [OBJECT]


@pytest.mark.parametrize("refused_by", ["compiler", "loader"])
def test_a_refusal_on_the_way_belongs_to_it(store: Store, refused_by: str) -> None:
    entry = {"headers": [], "digest": "", "words": "no"}
    if refused_by == "compiler":
        store.add(compile_key(EXTENSION, "fast.c", 0, PARTS), {**entry, "object": ""})
    else:
        store.add(compile_key(EXTENSION, "fast.c", 0, PARTS), {**entry, "object": OBJECT, "words": ""})
        store.add(link_key(EXTENSION, [OBJECT], 0, PARTS), {**entry, "output": ""})
    output = made(store, attempt=1)

    found = {key for key, _ in actions_of(store, EXTENSION, PARTS, {output})}

    assert found >= {*keys(EXTENSION, attempt=1), keys(EXTENSION)[0]}
    assert (keys(EXTENSION)[1] in found) == (refused_by == "loader")


@pytest.mark.parametrize("lost", ["compile", "link", "extension"])
def test_what_the_store_lost_leads_nowhere(store: Store, lost: str) -> None:
    output = made(store)
    compiled, linked = keys(EXTENSION)
    lose = {"compile": ("actions", compiled), "link": ("actions", linked), "extension": ("blobs", output)}
    store.path(*lose[lost]).unlink()

    assert actions_of(store, EXTENSION, PARTS, {output}) == []

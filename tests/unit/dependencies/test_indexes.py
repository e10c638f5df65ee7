"""The indexes of a lock come with the credentials that its tool keeps in variables, and these are shown nowhere."""

from __future__ import annotations

from typing import Any

from buildkit.dependencies.indexes import Index, of
from buildkit.dependencies.locked import PUBLIC, Locked, Package, index
from buildkit.image.secrets import PIP, of_suite

PRIVATE = "https://private.example.org/simple"


def locked(file: str, *places: str, named: tuple[str, ...] = ()) -> Locked:
    packages = tuple(Package(f"p{at}", "1", source=index(place)) for at, place in enumerate(places))
    return Locked(file, packages, named=named)


def uv(**more: object) -> dict[str, Any]:
    return {"tool": {"uv": {"index": [{"name": "our-own", "url": f"{PRIVATE}/", **more}]}}}


VARIABLES = {"UV_INDEX_OUR_OWN_USERNAME": "me", "UV_INDEX_OUR_OWN_PASSWORD": "s3/cret"}


def test_the_usual_index_is_nothing_to_say() -> None:
    assert of(locked("uv.lock", PUBLIC), uv(), VARIABLES) == ()


def test_uvs_index_gets_its_credentials() -> None:
    found = of(locked("uv.lock", PUBLIC, PRIVATE), uv(), VARIABLES)
    assert found == (Index("https://me:s3%2Fcret@private.example.org/simple/"),)
    assert "cret" not in repr(found)


def test_where_all_comes_from_one_index_no_other_is_asked() -> None:
    (found,) = of(locked("uv.lock", PRIVATE, PRIVATE), {}, {})
    assert found == Index(PRIVATE, main=True)


def test_poetrys_source_gets_its_credentials() -> None:
    tables = {"tool": {"poetry": {"source": [{"name": "our.own", "url": PRIVATE, "priority": "explicit"}]}}}
    variables = {"POETRY_HTTP_BASIC_OUR_OWN_USERNAME": "me", "POETRY_HTTP_BASIC_OUR_OWN_PASSWORD": "s3cret"}
    found = of(locked("poetry.lock", PUBLIC, PRIVATE), tables, variables)
    assert found == (Index("https://me:s3cret@private.example.org/simple"),)


def test_pdms_lock_names_no_index_so_those_of_the_settings_count() -> None:
    address = "https://${WHO}:${KEY}@private.example.org/simple"
    tables = {"tool": {"pdm": {"source": [{"name": "pypi", "url": address}]}}}
    found = of(locked("pdm.lock", ""), tables, {"WHO": "me", "KEY": "s3cret"})
    assert found == (Index("https://me:s3cret@private.example.org/simple", main=True),)


def test_a_requirements_file_says_which_is_the_main_one() -> None:
    found = of(locked("requirements.txt", "", named=(PRIVATE, "https://more.example.org")), {}, {})
    assert found == (Index(PRIVATE, main=True), Index("https://more.example.org"))
    assert of(locked("requirements.txt", "", named=("", PRIVATE)), {}, {}) == (Index(PRIVATE),)


def settings(given: dict[str, str], *indexes: Index, secrets: dict[str, str] | None = None) -> list[str]:
    """Return the lines of the pip.conf that goes into the build."""
    made = of_suite(given, secrets or {}, (), indexes).made
    assert set(given) == set() or "PYBUILDKIT_PIP_CONF" in made, "the suite's own tools come from where they did"
    return made.get("PYBUILDKIT_LOCKED_CONF", "").splitlines()[1:]


def test_they_go_into_the_build_as_a_secret_beside_what_the_project_gives() -> None:
    private = Index("https://me:s3cret@private.example.org/simple", main=True)
    assert settings({}, private) == ["index-url = https://me:s3cret@private.example.org/simple"]
    mirror = {"PIP_INDEX_URL": "https://mirror.example.org", "PIP_EXTRA_INDEX_URL": "https://more.example.org"}
    assert settings(mirror, private) == [
        "extra-index-url = https://more.example.org https://me:s3cret@private.example.org/simple",
        "index-url = https://mirror.example.org",
    ]
    assert settings({}, private, secrets={"pip.conf": "env:OWN"}) == [], "a pip.conf of the project's says all"
    assert set(PIP) >= {"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"}


def test_another_token_installs_nothing_anew_and_another_index_does() -> None:
    def key(address: str) -> object:
        return of_suite({}, {}, (), [Index(address)]).parts()

    one = key("https://me:one@private.example.org/simple")
    assert one == key("https://me:two@private.example.org/simple")
    assert one != key("https://me:one@other.example.org/simple")
    assert "one" not in repr(of_suite({}, {}, (), [Index("https://me:one@private.example.org/simple")]).flags())

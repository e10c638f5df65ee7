"""No secret on a command line, in a key that follows from it, or in the words of a failure."""

from __future__ import annotations

import pytest

from buildkit.errors import ConfigurationError
from buildkit.image.dockerfile import read
from buildkit.image.secrets import Given, of_project, of_suite, redacted

INDEX = "https://user:tok3n@index.example.org/simple"


def test_an_index_with_a_password_goes_in_as_a_secret() -> None:
    given = of_suite({"PIP_INDEX_URL": INDEX}, {}, ())

    flags = " ".join(given.flags())
    assert "tok3n" not in flags
    assert "--secret id=pip.conf,env=PYBUILDKIT_PIP_CONF" in flags
    assert given.variables()["PYBUILDKIT_PIP_CONF"] == f"[global]\nindex-url = {INDEX}\n"
    assert "tok3n" not in repr(given)


def test_another_token_is_the_same_build_and_another_index_is_not() -> None:
    first = of_suite({"PIP_INDEX_URL": INDEX}, {}, ())

    assert of_suite({"PIP_INDEX_URL": INDEX.replace("tok3n", "other")}, {}, ()).parts() == first.parts()
    assert of_suite({"PIP_INDEX_URL": INDEX.replace("index.", "mirror.")}, {}, ()).parts() != first.parts()


def test_what_the_dockerfile_does_not_use_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="declares no ARG NAME, so it would do nothing"):
        of_suite({"NAME": "x"}, {}, ())
    with pytest.raises(ConfigurationError, match="DATA_MOUNT is what the suite sets itself"):
        of_suite({"DATA_MOUNT": "/x"}, {}, ["DATA_MOUNT"])
    with pytest.raises(ConfigurationError, match="uses no secret npm"):
        of_suite({}, {"npm": "env:TOKEN"}, ())
    with pytest.raises(ConfigurationError, match="declares no ARG OTHER"):
        of_project({"OTHER": "x"}, {}, read("FROM x\nARG NAME\n# ARG OTHER\n"))


def test_a_dockerfile_of_ones_own_takes_what_it_declares() -> None:
    file = read("FROM x\n  arg A=1 \\\n    B\nARG C\n")

    given = of_project({"A": "1", "B": "2", "C": "3", "HTTP_PROXY": "4"}, {"npm": "env:TOKEN", "key": "/a,b"}, file)

    assert given.flags() == [
        *(word for name in ("A", "B", "C", "HTTP_PROXY") for word in ("--build-arg", name)),
        *("--secret", 'id=key,"src=/a,b"', "--secret", "id=npm,env=TOKEN"),
    ]


def test_what_the_client_itself_goes_by_is_left_to_it() -> None:
    given = Given({"DOCKER_HOST": "x", "NAME": "y"})

    assert given.flags() == ["--build-arg", "DOCKER_HOST=x", "--build-arg", "NAME"]
    assert given.variables() == {"NAME": "y"}


def test_a_secret_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match="npm is to come from TOKEN, which is not set"):
        Given({}, {"npm": "env:TOKEN"}).require({})
    with pytest.raises(ConfigurationError, match="there is no file /nowhere/key"):
        Given({}, {"key": "/nowhere/key"}).require({})


def test_words_are_shown_without_what_is_secret() -> None:
    given = of_suite({"PIP_INDEX_URL": "https://user:p%40ss@index.example.org/"}, {"netrc": "env:NETRC"}, ())
    environment = {**given.variables(), "NETRC": "machine x password verysecret"}

    hidden = given.hidden(environment)

    assert (
        redacted("looking at https://user:p%40ss@index.example.org/a", hidden)
        == "looking at https://****@index.example.org/a"
    )
    assert "p@ss" not in redacted("login as user with p@ss", hidden)
    assert "verysecret" not in redacted("cat: machine x password verysecret", hidden)
    assert redacted("see ssh://git@example.org and a@b.org") == "see ssh://****@example.org and a@b.org"

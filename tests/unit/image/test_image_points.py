"""The points of `image.check`, judged on what there would be to see; the looks themselves are tested on an engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from buildkit.doors.process import Completed
from buildkit.image import image_points, leaks
from buildkit.image.compose import Composed, Volume
from buildkit.image.measure import Image
from buildkit.image.sight import Expected, Imports, Sight
from buildkit.image.trial import Trial

EXPECTED = Expected(
    "greeter", "/app/data", ("data", "migrate"), True, "DATABASE_URL", Path("compose.yaml"), None, ("/x",)
)
WELL: dict[str, Any] = {
    "built": Image("sha256:1", 100, 2),
    "configuration": {
        "Entrypoint": ["python", "-m", "buildkit.runtime", "--"],
        "Cmd": ["serve"],
        "Healthcheck": {"Test": ["CMD", "ask"]},
    },
    "_inside": (
        {
            "user": 1000,
            "program": "/usr/bin/serve",
            "gates": ["data", "migrate"],
            "why": "",
            "revisions": True,
            "data": [],
            "writable": True,
            "closed": [],
            "driver": "",
        },
        "",
    ),
    "trial": (Trial(None, passed=True, ports=(8000,), said=(), check=""), ""),
    "compose": Composed("", "web", {"environment": {"DATABASE_URL": "x"}}),
    "volume": Volume("kept", mounted=True, answer=Completed(("docker",), 0, "fresh", "", 0.1)),
}


def sight(expected: Expected = EXPECTED, due: str = "", **seen: object) -> Sight:
    """Return what there is to see where every look was made already."""
    found = Sight(expected, lambda: due, {}, lambda _: Imports(3, {}, ()))
    vars(found).update({**WELL, **seen})
    return found


def verdicts(seen: Sight) -> dict[str, str]:
    return {point.name: point.wrong or ("not yet" if point.absent else "holds") for point in image_points.points(seen)}


def test_where_all_is_well_every_point_arises_and_holds() -> None:
    found = verdicts(sight())

    silent = {"has_a_health_check", "can_look_inside", "ends_when_asked", "carries_no_secret", "has_no_burden"}
    assert len(found) == 1 + len(image_points.POINTS) - len(silent)
    assert set(found.values()) == {"holds"}


def test_without_an_image_nothing_else_is_looked_at() -> None:
    assert verdicts(
        Sight(replace(EXPECTED, repository="greeter"), lambda: "", {"PATH": "/nowhere"}, lambda _: Imports(0, {}, ()))
    ) == {"image is built": "the engine has no greeter:latest"}


def test_a_service_without_data_and_database_is_asked_for_neither() -> None:
    found = verdicts(sight(replace(EXPECTED, gates=(), health=False)))

    assert {"image carries no data", "compose names the database", "data in the volume", "health check"} & {
        *found
    } == set()


def test_where_python_does_not_run_inside_only_that_is_told_of_it() -> None:
    found = verdicts(sight(_inside=({}, "no python")))

    assert found["looks from inside"] == "no python"
    assert found["health check"] == "not yet"
    assert {"user", "gates can start", "command starts"} & {*found} == set()


def test_a_module_that_fails_compiled_alone_is_wrong_and_one_that_fails_as_plain_python_too_is_said() -> None:
    def point(imports: Imports) -> tuple[str, str]:
        (found,) = [each for each in image_points.points(sight(imports=imports)) if each.name == "modules are imported"]
        return found.wrong, found.found

    assert point(Imports(4, {"app.a": "TypeError", "app.b": "x"}, ("app.c",))) == (
        "compiled alone fails app.a: TypeError, and 1 more",
        "",
    )
    assert point(Imports(4, {}, ("app.c",))) == ("", "3 of 4; as plain Python neither: app.c")
    assert point(Imports(4, {}, (), "no engine")) == ("it cannot be tried: no engine", "")


def test_an_image_that_is_due_is_told_with_the_reason() -> None:
    assert verdicts(sight(due="source changed"))["image is of these sources"] == "source changed"


def test_a_command_that_nobody_knows_needs_no_health_check_unless_it_serves() -> None:
    plain = {"Entrypoint": ["python", "-m", "buildkit.runtime", "--"], "Cmd": ["work"]}
    unsaid = replace(EXPECTED, health=None)
    still = Trial(None, passed=False, ports=(), said=(), check="")

    assert verdicts(sight(unsaid, configuration=plain, trial=(still, "")))["health check"] == "holds"
    found = verdicts(sight(unsaid, configuration=plain, trial=(replace(still, ports=(8000,)), "")))["health check"]
    assert found == 'there is none, and it listens on 8000: health = "/health" asks it, "" asks nothing'
    assert verdicts(sight(EXPECTED, configuration=plain))["health check"] == "there is none"
    assert "health check" not in verdicts(sight(replace(EXPECTED, health=False), configuration=plain))


def test_folders_that_are_closed_and_a_missing_driver_are_named() -> None:
    inside = {
        **WELL["_inside"][0],
        "closed": ["/app/uploads"],
        "driver": "ModuleNotFoundError: No module named 'psycopg'",
    }
    found = verdicts(sight(replace(EXPECTED, writable=("/home/service", "/app/uploads")), _inside=(inside, "")))

    assert found["folders may be written"] == "the service cannot write to /app/uploads"
    assert found["driver of the gate"].startswith(
        "ModuleNotFoundError: No module named 'psycopg'; the migration gate needs"
    )


OWN = replace(EXPECTED, dockerfile=Path("Dockerfile"), health=None)
OF_ITS_OWN: dict[str, Any] = {
    "configuration": {"Entrypoint": ["start"], "Cmd": ["serve"]},
    "python": "python",
    "module": ("app.main", "", False),
    "stops": True,
    "leaks": leaks.Seen(3),
    "_inside": (
        {**WELL["_inside"][0], "home": "/home/x", "at_home": True, "tools": [], "tests": [], "why": "no buildkit"},
        "",
    ),
    "trial": (Trial(None, passed=False, ports=(8000,), said=(), check="", users=(0, 1000)), ""),
}


def advised(seen: Sight) -> set[str]:
    return {point.name for point in image_points.points(seen) if point.advice}


def test_an_image_of_an_own_dockerfile_is_asked_for_no_gate_of_the_suite() -> None:
    seen = sight(OWN, **OF_ITS_OWN)

    found = verdicts(seen)

    assert set(found.values()) == {"holds"}
    assert {"gates can start", "driver of the gate", "entrypoint is the gates"} & {*found} == set()
    assert advised(seen) == {"entrypoint", "health check"}
    assert seen.command == ["start", "serve"]


def test_what_such_an_image_lacks_is_said_with_what_to_write() -> None:
    closed = {**WELL["_inside"][0], "home": "/nonexistent", "at_home": False, "tools": ["gcc"], "tests": ["pytest"]}
    root = Trial(None, passed=False, ports=(), said=(), check="", users=(0,))
    missing = ("app.main", "ModuleNotFoundError: No module named 'app'", True)
    seen = sight(
        OWN,
        **{**OF_ITS_OWN, "_inside": (closed, ""), "trial": (root, ""), "stops": False, "module": missing},
    )

    found = verdicts(seen)

    assert found["user"] == "the service runs as root"
    assert found["module of the command"] == "app.main: ModuleNotFoundError: No module named 'app'"
    assert advised(seen) == {"entrypoint", "folders may be written", "only what it needs", "stops when asked"}


def test_secrets_in_layers_are_told_with_what_brought_them() -> None:
    seen = leaks.Seen(3, (leaks.Leak("/srv/.env", "COPY .env /srv # buildkit"), leaks.Leak("the variable API_TOKEN")))

    found = verdicts(sight(OWN, **{**OF_ITS_OWN, "leaks": seen}))

    assert found["secrets in layers"] == "/srv/.env (by COPY .env /srv # buildkit); the variable API_TOKEN"
    unread = leaks.Seen(0, why_not="unexpected end")
    assert (
        verdicts(sight(OWN, **{**OF_ITS_OWN, "leaks": unread}))["secrets in layers"]
        == "it cannot be told: unexpected end"
    )


def test_a_missing_health_check_is_a_fault_where_another_service_waits_for_it() -> None:
    service: dict[str, Any] = {"environment": {"DATABASE_URL": "x"}}
    waited = sight(OWN, **{**OF_ITS_OWN, "compose": Composed("", "web", service, awaited=("proxy",))})
    given = {**service, "healthcheck": {"test": ["CMD", "ask"]}}

    assert verdicts(waited)["health check"] == (
        "there is none, and proxy waits until web is healthy: compose would not start it"
    )
    asked = sight(OWN, **{**OF_ITS_OWN, "compose": Composed("", "web", given, awaited=("proxy",))})
    assert verdicts(asked)["health check"] == "holds"
    assert advised(asked) == {"entrypoint"}

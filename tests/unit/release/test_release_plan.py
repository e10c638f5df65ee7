"""What a release decides, from a look that is made up: no registry, no engine, no database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from buildkit.config import ReleaseConfig, ReleaseServiceConfig
from buildkit.release import gates
from buildkit.release.plan import Plan, Wants, decide, services_after
from buildkit.release.sight import Data, Database, Image, Latest, Recorded, Revisions, Running, Service, Sight

PLACE = "registry.example/team/orbits-api"
HEX = {name: f"sha256:{name * 64}"[:71] for name in "abcdef"}
SEEN = Revisions("0002", ("0001", "0002"), (), "fail")
NEXT = Revisions("0003", ("0001", "0002", "0003"), (), "fail")


def image(letter: str, revisions: Revisions = SEEN, **further: Any) -> Image:
    known: dict[str, Any] = {"commit": letter * 40, "platform": "linux/amd64", "identity": letter, "gates": True}
    return Image(PLACE, HEX[letter], revisions=revisions, **{**known, **further})


def running(made: Image, **further: Any) -> Running:
    known: dict[str, Any] = {"image": made, "reference": made.reference}
    return Running("orbits-api-1", made.digest, **{**known, **further})


def sight(wanted: Image, *ran: Running, **further: Any) -> Sight:
    """Return the look of a project with one service, at a database that is where what runs wants it."""
    api = Service("api", "api", "compose", ran, "beside the old one", "linux/amd64")
    known: dict[str, Any] = {
        "images": {"api": wanted},
        "services": (api,),
        "database": Database(("0002",), ("0001", "0002")),
        "latest": {},
    }
    return Sight("production", "a" * 40, "a" * 12, **{**known, **further})


def wants(**further: Any) -> Wants:
    settings = ReleaseConfig(service={"api": ReleaseServiceConfig(image="api", target="compose")}, **further)
    return Wants(settings)


def actions(plan: Plan) -> dict[str, str]:
    return {step.name: step.action for step in plan.steps}


def refusal(plan: Plan) -> tuple[str, str, str]:
    (step,) = plan.refused
    return step.name, str(step.reason), step.hint


# ------------------------------------------------------------------ what runs


def test_the_first_release_starts_the_service_and_lets_the_step_look_at_the_database() -> None:
    seen = sight(image("a"), database=Database(why="nothing runs that could be asked"))

    plan = decide(seen, wants())

    assert actions(plan) == {
        "gate commit": "passed",
        "image api": "left",
        "migrate api": "due",
        "deploy api": "due",
        "record": "due",
    }


def test_where_everything_is_as_wanted_nothing_is_due() -> None:
    ran = image("a")
    recorded = Recorded(HEX["f"], "r", "a" * 40, "good", {"api": ran.reference})

    plan = decide(sight(ran, running(ran), last=recorded, good=recorded), wants())

    assert plan.due == ()
    assert plan.refused == ()


def test_an_image_that_differs_in_its_commit_alone_is_not_rolled_out() -> None:
    ran, wanted = image("b", identity="same"), image("a", identity="same")
    seen = sight(wanted, running(ran))

    plan = decide(seen, wants())

    assert actions(plan)["deploy api"] == "left"
    assert "same layers and configuration: as what runs, of commit bbbbbbbbbbbb" in [
        str(step.reason) for step in plan.steps
    ]
    assert services_after(seen, seen.services) == {"api": ran.reference}


def test_two_images_of_which_nothing_is_known_are_not_taken_for_the_same() -> None:
    ran, wanted = image("b", identity=""), image("a", identity="")

    assert actions(decide(sight(wanted, running(ran)), wants()))["deploy api"] == "due"


@pytest.mark.parametrize(
    ("condition", "reason"),
    [("starting", "it has been started and is not ready yet"), ("failing", "it runs and is not healthy")],
)
def test_what_was_started_and_is_not_well_is_waited_for_again(condition: str, reason: str) -> None:
    wanted = image("a")

    plan = decide(sight(wanted, running(wanted, condition=condition)), wants())

    assert [str(step.reason) for step in plan.steps if step.name == "deploy api"] == [reason]
    assert actions(plan)["deploy api"] == "due"


def test_what_runs_with_other_settings_than_the_target_has_now_is_rolled_out_again() -> None:
    wanted = image("a")

    plan = decide(sight(wanted, running(wanted, current=False)), wants())

    assert [str(step.reason) for step in plan.due if step.name == "deploy api"] == [
        "its settings at the target have changed: beside the old one"
    ]


def test_a_rollout_that_was_killed_half_way_goes_on() -> None:
    old, new = image("b"), image("a")

    plan = decide(sight(new, running(old), running(new)), wants())

    assert [str(step.reason) for step in plan.due if step.name == "deploy api"] == [
        "begun: old and new run beside each other"
    ]


def test_a_service_that_is_not_named_is_left_out_and_keeps_its_record() -> None:
    worker = Service("worker", "api", "compose", ())
    recorded = Recorded(HEX["f"], "r", "b" * 40, "good", {"worker": image("b").reference})
    seen = sight(image("a"), running(image("b")), good=recorded)
    seen = replace(seen, services=(*seen.services, worker))

    plan = decide(seen, replace(wants(), only=("api",)))

    assert "deploy worker" not in actions(plan)
    assert services_after(seen, seen.services[:1])["worker"] == image("b").reference


def test_an_image_that_is_still_to_be_pushed_is_held_to_the_gates_by_what_it_will_say() -> None:
    unpushed = Image(PLACE, revisions=NEXT)
    seen = sight(unpushed, running(image("b"), ahead="serve"), latest={"api": Latest(HEX["b"])})
    ends = sight(unpushed, running(image("b")))

    plan = decide(seen, replace(wants(), pushes=True))

    assert {name: action for name, action in actions(plan).items() if action == "due"}.keys() == {
        "image api",
        "migrate api",
        "deploy api",
        "latest api",
        "record",
    }
    assert refusal(decide(ends, replace(wants(), pushes=True)))[0] == "gate ahead"


# ------------------------------------------------------------------ gates


def test_files_that_differ_from_the_commit_never_go_to_production() -> None:
    seen = sight(image("a"), running(image("b")), dirty=True)

    name, words, hint = refusal(decide(seen, replace(wants(), allow_dirty=True)))

    assert (name, words) == ("gate commit", "files differ from commit aaaaaaaaaaaa")
    assert "commit them" in hint


def test_elsewhere_they_go_where_that_is_said() -> None:
    seen = sight(image("a"), running(image("b")), dirty=True)
    seen = replace(seen, environment="staging")

    assert refusal(decide(seen, wants()))[2].endswith("or add --allow-dirty")
    assert decide(seen, replace(wants(), allow_dirty=True)).refused == ()


def test_without_a_commit_nothing_is_released() -> None:
    seen = replace(sight(image("a")), commit="", tag="")

    assert refusal(decide(seen, wants()))[:2] == ("gate commit", "there is no commit to release")


def test_an_image_that_the_registry_lacks_is_named_with_its_tag() -> None:
    name, words, hint = refusal(decide(sight(Image(PLACE)), wants()))

    assert (name, words) == ("image api", f"not in the registry: {PLACE}:aaaaaaaaaaaa")
    assert f"docker push {PLACE}:aaaaaaaaaaaa" in hint


def test_an_image_for_another_processor_is_refused() -> None:
    wanted = image("a", platform="linux/arm64")

    name, words, hint = refusal(decide(sight(wanted, running(image("b"))), wants()))

    assert (name, words) == ("image api", "it is made for linux/arm64, and api runs on linux/amd64")
    assert hint == "build it for linux/amd64"


def test_running_code_that_ends_on_a_newer_schema_keeps_a_migration_back() -> None:
    seen = sight(image("a", NEXT), running(image("b")))

    name, words, hint = refusal(decide(seen, wants()))

    assert name == "gate ahead"
    assert words == "orbits-api-1 would end on a database ahead of it, at a restart or on the way back"
    assert 'ahead = "serve"' in hint
    assert "PYBUILDKIT_MIGRATE_AHEAD=serve" in hint


@pytest.mark.parametrize(
    "ran",
    [
        running(image("b", replace(SEEN, ahead="serve"))),
        running(image("b"), ahead="serve"),
        running(image("b", Revisions(), gates=False)),
    ],
    ids=["by its image", "by its environment", "without the gates"],
)
def test_running_code_that_serves_ahead_lets_it_pass(ran: Running) -> None:
    plan = decide(sight(image("a", NEXT), ran), wants())

    assert plan.refused == ()
    assert actions(plan)["migrate api"] == "due"


def test_an_image_from_before_there_were_labels_is_not_taken_for_one_that_serves_ahead() -> None:
    plan = decide(sight(image("a", NEXT), running(image("b", Revisions()))), wants())

    assert refusal(plan)[0] == "gate ahead"


def test_a_variable_that_says_fail_wins_over_the_image() -> None:
    ran = running(image("b", replace(SEEN, ahead="serve")), ahead="fail")

    assert refusal(decide(sight(image("a", NEXT), ran), wants()))[0] == "gate ahead"


def test_a_pending_revision_that_takes_away_is_refused_by_its_id_until_that_is_allowed() -> None:
    taking = replace(NEXT, contracting=("0001", "0003"))
    seen = sight(image("a", taking), running(image("b"), ahead="serve"))

    name, words, hint = refusal(decide(seen, wants()))

    assert (name, words) == ("gate contract", "revision 0003 takes away what the code that runs may use")
    assert hint.endswith("--allow-contract 0003")
    assert decide(seen, replace(wants(), allow_contract=("0003",))).refused == ()
    assert decide(seen, wants(contract="warn")).refused == ()


def test_with_the_migration_off_a_pending_revision_keeps_the_code_back() -> None:
    seen = sight(image("a", NEXT), running(image("b"), ahead="serve"))

    name, words, _ = refusal(decide(seen, wants(migrate="off")))

    assert (name, words) == ("migrate", '1 pending: and migrate = "off"')


def test_images_of_two_heads_are_not_released_together() -> None:
    seen = sight(image("a"), running(image("b")))
    worker = Service("worker", "worker", "compose", ())
    seen = replace(seen, images={"api": image("a"), "worker": image("c", NEXT)}, services=(*seen.services, worker))

    assert refusal(decide(seen, wants()))[1] == "the images have different heads: 0002 and 0003"


# ------------------------------------------------------------------ back


def test_code_that_is_behind_the_database_goes_back_only_if_it_serves_there() -> None:
    at = Database(("0003",), ("0001", "0002", "0003"))
    back = replace(wants(), back=True)

    refused = decide(sight(image("a"), running(image("b", NEXT)), database=at), back)
    passed = decide(sight(image("a", replace(SEEN, ahead="serve")), running(image("b", NEXT)), database=at), back)

    assert refusal(refused)[:2] == ("migrate", "the database is at 0003, ahead of the image's head 0002")
    assert passed.refused == ()
    assert actions(passed)["migrate"] == "left"


def test_nothing_goes_back_over_a_revision_that_took_something_away() -> None:
    at = Database(("0003",), ("0001", "0002", "0003"))
    ran = running(image("b", replace(NEXT, contracting=("0003",))))

    plan = decide(sight(image("a", replace(SEEN, ahead="serve")), ran, database=at), replace(wants(), back=True))

    assert refusal(plan)[1].endswith("and revision 0003 took away what it may use")


# ------------------------------------------------------------------ latest


@pytest.mark.parametrize(
    ("latest", "action", "reason"),
    [
        (Latest(), "due", "there is no such tag"),
        (Latest(HEX["a"]), "left", "it names this image"),
        (Latest(HEX["b"], "b" * 40, forwards=True), "due", "forwards: bbbbbbbbbbbb is before it"),
        (
            Latest(HEX["b"], "b" * 40, forwards=False),
            "left",
            "it names commit bbbbbbbbbbbb: which this one does not follow",
        ),
        (Latest(HEX["b"], "b" * 40), "left", "it names commit bbbbbbbbbbbb: which is not known here"),
    ],
)
def test_latest_moves_forwards_alone(latest: Latest, action: str, reason: str) -> None:
    plan = decide(sight(image("a"), running(image("b")), latest={"api": latest}), wants())

    assert [(step.action, str(step.reason)) for step in plan.steps if step.name == "latest api"] == [(action, reason)]


def test_what_was_not_looked_at_is_said() -> None:
    plan = decide(sight(image("a"), looked=False, images={}), wants())

    assert {str(step.reason) for step in plan.due} == {"not looked at: offline"}


# ------------------------------------------------------------------ data


def test_the_data_is_asked_for_where_a_new_version_takes_the_place_of_one_that_runs() -> None:
    wanted = image("a", data="read publish")

    assert actions(decide(sight(wanted, running(image("b"))), wants()))["gate data api"] == "due"
    assert "gate data api" not in actions(decide(sight(wanted), wants()))
    assert "gate data api" not in actions(decide(sight(wanted, running(wanted)), wants()))
    assert "gate data api" not in actions(decide(sight(image("a"), running(image("b"))), wants()))


@pytest.mark.parametrize(
    ("seen", "passed", "words"),
    [
        (Data("fresh", whole=True, policy="block"), True, "it fits: fresh"),
        (
            Data("inputs changed", whole=True, policy="serve-stale", due=("read",)),
            True,
            "it is served as it is, and stage read runs beside the service (inputs changed)",
        ),
        (Data("missing", policy="block", due=("read",), artifact=True), True, "it can be pulled (missing)"),
        (
            Data("inputs changed", whole=True, policy="block", due=("read", "publish"), artifact=True),
            False,
            "stage read and publish would run before the service starts (inputs changed)",
        ),
        (
            Data("missing", policy="serve-stale", due=("read",)),
            False,
            "stage read would run before the service starts (missing)",
        ),
        (
            Data("inputs changed", whole=True, policy="fail", due=("read",)),
            False,
            "it is due (inputs changed), and the policy is to make none at a start",
        ),
        (Data(why="no such command"), True, "not known: no such command"),
    ],
)
def test_what_would_make_its_data_before_it_serves_is_kept_back(seen: Data, passed: bool, words: str) -> None:
    verdict = gates.data(seen)

    assert (verdict.passed, verdict.words) == (passed, words)
    assert bool(verdict.hint) is not passed


# ------------------------------------------------------------------ where it is not known where the database is

TAKING = replace(NEXT, contracting=("0003",))
UNKNOWN = Database(why="no task runs that would say")


def test_what_no_running_code_knows_may_take_nothing_away_though_the_database_says_nothing() -> None:
    ran = running(image("b", gates=False))

    seen = sight(image("a", TAKING), ran, database=UNKNOWN)

    assert refusal(decide(seen, wants()))[:2] == (
        "gate contract",
        "revision 0003 takes away what the code that runs may use",
    )
    assert actions(decide(seen, replace(wants(), allow_contract=("0003",))))["migrate api"] == "due"


def test_code_that_is_not_well_does_not_hold_up_the_release_that_mends_it() -> None:
    seen = sight(image("a", TAKING), running(image("b"), condition="failing"), database=UNKNOWN)

    assert decide(seen, wants()).refused == ()

"""Releases to one host, on a real engine, a real registry and a real database."""

from __future__ import annotations

import json

import pytest
from plugins import images
from releases import Site, revision, with_data

pytestmark = [pytest.mark.docker, pytest.mark.postgres, pytest.mark.slow]

WELL = ["made", "made", "made", "made"]
UNWELL = "HEALTHCHECK --interval=200ms --start-period=1ms --retries=2 CMD exit 3"
MORE = "op.execute('ALTER TABLE things ADD more text')"


def test_commits_are_released_one_after_the_other_and_back(site: Site) -> None:
    """A first release, the same again, one with a revision, one that changes the commit alone, and the way back."""
    first = site.commit(), site.push()
    code, done, ran = site.release()
    steps = [done[name] for name in ("migrate api", "deploy api", "latest api", "record")]
    assert (code, steps, site.digests()) == (0, WELL, [first[1]]), ran.stderr

    code, done, _ = site.release()
    assert (code, {*done.values()}) == (0, {"passed", "left"}), done

    second = site.commit(), site.push(revision("0003", "0002", MORE), head="0003", revisions="0001 0002 0003")
    planned = site.run("release.plan", "--json", "--save", str(site.root / ".buildkit/plan"))
    row = next(row for row in planned.json["steps"] if row["step"] == "migrate api")
    assert (row["outcome"], row["before"], row["after"]) == ("due", "0002", "0003"), planned.stderr
    assert site.digests() == [first[1]]
    killed = f"{site.name}-migrate-{'0' * 12}"
    images.docker("run", "--name", killed, "--entrypoint", "true", f"{site.place}@{first[1]}")
    code, done, ran = site.release("--plan", str(site.root / ".buildkit/plan"))
    assert killed not in images.docker("ps", "--all", "--format", "{{.Names}}"), "what a killed release left"
    steps = [done[name] for name in ("migrate api", "deploy api", "latest api", "record")]
    assert (code, steps, site.digests(), site.head()) == (0, WELL, [second[1]], "0003"), ran.stderr

    code, done, ran = site.release("--plan", str(site.root / ".buildkit/plan"))
    assert (code, done) == (50, {})
    assert "no longer fits; nothing was changed" in ran.stderr
    assert f"service api: {first[1]} → {second[1]}" in ran.stderr

    site.commit()
    site.push(revision("0003", "0002", MORE), head="0003", revisions="0001 0002 0003")
    code, done, ran = site.release()
    assert (code, done["deploy api"], done["migrate"], site.digests()) == (0, "left", "left", [second[1]]), ran.stderr

    status = site.run("release.status").stdout.splitlines()
    assert status[0] == f"healthy   service api: 1 run: {second[1][:19]} of commit {second[0]}"
    assert status[1] == "known     database: at: 0003"
    assert [line.split(":")[0].rpartition("-")[0] for line in status[2:]] == [
        f"good      release production-{commit}" for commit in (site.tag, second[0], first[0])
    ]

    code, done, ran = site.rollback("--to", first[0])
    assert (code, site.digests()) == (50, [second[1]])
    assert "the database is at 0003, ahead of the image's head 0002" in ran.stderr


def test_whatever_fails_the_old_version_serves_all_the_time(site: Site) -> None:
    """On one site: a failing health check, a service that dies, a bad migration, and what the gates refuse."""
    site.declare(ahead="fail")
    site.commit()
    old = site.push()
    assert site.release()[0] == 0

    site.commit()
    site.push(lines=UNWELL)
    code, done, ran = site.release()
    assert (code, done["deploy api"], done["record"]) == (52, "failed", "skipped")
    assert "api: its health check fails; the old version served all the time" in ran.stderr
    assert "the release before this one serves" in ran.stderr

    site.commit()
    site.push(lines="ENV DIES=1")
    code, done, ran = site.release()
    assert (code, done["deploy api"]) == (52, "failed")
    assert "it ended with exit code 1" in ran.stderr
    assert "cannot reach postgresql://postgres:***@" in ran.stderr
    assert site.password not in ran.stderr + ran.stdout
    status = site.run("release.status").stdout
    assert (status.count("restored  release"), status.count("good      release")) == (1, 1), status

    site.commit()
    taking = revision("0003", "0002", "op.drop_column('nothing', 'name')")
    site.push(taking, head="0003", revisions="0001 0002 0003", contracting="0003")
    (site.root / "notes.txt").write_text("not committed")
    site.retag()
    code, done, ran = site.release()
    refused = {name for name, outcome in done.items() if outcome == "refused"}
    assert (code, refused) == (50, {"gate commit", "gate ahead", "gate contract"})
    assert "3 gates refuse the release; nothing was changed" in ran.stderr

    (site.root / "notes.txt").unlink()
    site.declare(ahead="serve")
    site.commit()
    site.push(taking, head="0003", revisions="0001 0002 0003", contracting="0003")
    site.compose_up()
    code, done, ran = site.release("--allow-contract", "0003")
    assert (code, done["gate ahead"], done["migrate api"], done["deploy api"]) == (40, "passed", "failed", "skipped")
    assert "the migration of api failed: a revision failed to apply" in ran.stderr
    assert 'relation "nothing" does not exist' in ran.stderr
    assert (site.digests(), site.head(), len(site.containers())) == ([old], "0002", 1)


def test_what_cannot_be_had_from_the_registry_is_told_before_anything_is_changed(site: Site) -> None:
    tag = site.commit()
    ran = site.run("release.deploy", "--yes")
    assert ran.exit_code == 50
    assert f"image api: not in the registry: {site.place}:{tag}" in ran.stderr

    code, done, ran = site.release(PYBUILDKIT_RELEASE_REGISTRY="localhost:1")
    assert (code, done) == (51, {})
    assert "registry localhost:1:" in ran.stderr
    assert site.containers() == []


def test_a_service_that_publishes_a_port_is_tried_first_and_replaced_then(site: Site) -> None:
    port = images.free_port()
    site.declare(compose=f'ports: ["127.0.0.1:{port}:8000"]', more=f'verify = "http://127.0.0.1:{port}/"')
    site.commit()
    old = site.push(lines="ENV VERSION=1")
    assert site.release()[0] == 0
    name = site.containers()[0]["Id"]

    site.commit()
    site.push(lines=UNWELL)
    code, _, ran = site.release()
    assert (code, site.digests()) == (52, [old]), ran.stderr
    assert [each["Id"] for each in site.containers()] == [name]

    site.commit()
    new = site.push(lines="ENV VERSION=2")
    code, done, ran = site.release()
    assert (code, done["deploy api"], done["verify api"], site.digests()) == (0, "made", "made", [new]), ran.stderr
    assert json.dumps(images.answer_of("", f"127.0.0.1:{port}/")) == "2"

    code, done, ran = site.release(COLOUR="red")
    assert (code, done["deploy api"], site.digests()) == (0, "made", [new]), ran.stderr
    assert "its settings at the target have changed" in ran.stderr
    assert "COLOUR=red" in site.containers()[0]["Config"]["Env"]

    code, done, ran = site.rollback()
    assert (code, done["deploy api"], site.digests()) == (0, "made", [old]), ran.stderr
    assert json.dumps(images.answer_of("", f"127.0.0.1:{port}/")) == "1"


def test_where_nothing_may_overlap_what_fails_goes_back_to_the_recorded_release(site: Site) -> None:
    """Before there is one to go back to, a person is needed."""
    site.declare(more="overlap = false")
    site.commit()
    site.push(lines="ENV DIES=1")
    with site.locked():
        code, done, ran = site.release()
        assert (code, {*done.values()} & {"made", "failed"}, site.containers()) == (50, set(), [])
        assert f"another release of {site.name} is under way on this host" in ran.stderr
    code, _, ran = site.release()
    assert code == 53
    assert "api: nothing ran before that could serve again" in ran.stderr

    site.commit()
    old = site.push()
    assert site.release()[0] == 0
    site.commit()
    site.push(lines=UNWELL)
    code, done, ran = site.release()
    assert (code, done["deploy api"], site.digests()) == (52, "restored", [old]), ran.stderr
    assert "api: its health check fails; api went back" in ran.stderr


def test_a_rollout_that_is_undecided_is_waited_for_by_the_next_run(site: Site) -> None:
    site.commit()
    old = site.push()
    assert site.release()[0] == 0
    site.commit()
    slow = "HEALTHCHECK --interval=300ms --start-period=60s --start-interval=300ms CMD test -e /tmp/go"
    new = site.push(lines=slow)

    code, done, ran = site.release(PYBUILDKIT_RELEASE_WAIT="3s")
    assert (code, done["deploy api"], sorted(site.digests())) == (54, "failed", sorted([old, new])), ran.stderr
    assert "run the same command again: it waits on" in ran.stderr
    begun = next(each for each in site.containers() if new in each["Config"]["Image"])
    images.docker("exec", begun["Id"], "touch", "/tmp/go")

    code, done, ran = site.release()
    assert (code, done["deploy api"], site.digests()) == (0, "made", [new]), ran.stderr
    assert [each["Id"] for each in site.containers()] == [begun["Id"]]


def test_a_version_that_would_make_its_data_before_it_serves_is_kept_back(site: Site) -> None:
    """A first one may; one that serves what is there meanwhile may too."""
    site.declare(compose="volumes: [data:/data]\nvolumes:\n  data:")
    labels = {"head": "", "revisions": "", "data": "greet"}
    site.commit()
    old = site.push(with_data("block", "hello"), lines="USER root", **labels)
    code, done, ran = site.release()
    assert (code, "gate data api" in done, site.digests()) == (0, False, [old]), ran.stderr

    site.commit()
    site.push(with_data("block", "goodbye"), lines="USER root", **labels)
    code, done, ran = site.release()
    assert (code, done["gate data api"], done["deploy api"]) == (50, "failed", "skipped"), ran.stderr
    assert "stage greet would run before the service starts" in ran.stderr
    assert (site.digests(), len(site.containers())) == ([old], 1)

    site.commit()
    new = site.push(with_data("serve-stale", "goodbye"), lines="USER root", **labels)
    code, done, ran = site.release()
    assert (code, done["gate data api"], site.digests()) == (0, "passed", [new]), ran.stderr
    assert "it is served as it is, and stage greet runs beside the service" in ran.stderr

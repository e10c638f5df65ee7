"""The development database follows the branch: each head has a copy of its own, with its data."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from branches import ONE, THREE, TWO, Branches, branching, revision
from plugins.projects import ProjectMaker

from buildkit.db import choice, records
from buildkit.errors import DatabaseError, RevisionError
from buildkit.flows.migrate import migration_status


@pytest.fixture
def it(postgres: Path, project: ProjectMaker) -> Iterator[Branches]:
    assert postgres.is_dir()
    with branching(project) as branches:
        yield branches


def test_each_branch_finds_its_database_as_it_left_it(it: Branches) -> None:
    it.migrate(ONE)
    main = it.name
    it.note("of main")
    it.migrate(ONE, TWO)
    feature = it.name
    assert it.notes() == ["of main"], "a branch begins with what was there"
    it.note("of the branch")

    it.migrate(ONE)
    assert (it.name, it.notes()) == (main, ["of main"])
    assert it.words.getvalue() == f"the development database is {main} now, at head one, with what was in it\n"
    it.migrate(ONE, THREE)
    assert it.notes() == ["of main"]
    report = it.migrate(ONE, TWO)
    assert (it.name, it.notes()) == (feature, ["of main", "of the branch"])
    assert [row.result for row in report.outcomes] == ["fresh"]
    assert it.run("SELECT to_regclass('t_three')") == [(None,)]
    assert main == "dev"
    assert feature.startswith("dev_two_")


def test_a_switch_to_what_was_there_takes_no_time(it: Branches) -> None:
    it.migrate(ONE, TWO)
    it.migrate(ONE)
    took = []
    for texts in ((ONE, TWO), (ONE,)) * 3:
        start = time.perf_counter()
        it.migrate(*texts)
        took.append(time.perf_counter() - start)
    assert max(took) < 1.0, took


def test_a_database_that_is_behind_all_branches_is_made_from_nothing(it: Branches) -> None:
    it.migrate(ONE, TWO)
    other = revision("other", None)
    it.migrate(other)
    assert it.run("SELECT to_regclass('t_one'), to_regclass('t_other')::text") == [(None, "t_other")]
    assert "made from nothing" in it.words.getvalue()
    it.migrate(ONE, TWO)
    assert it.notes() == []


def test_an_edited_revision_makes_its_copy_anew_from_that_of_its_parent(it: Branches) -> None:
    it.migrate(ONE)
    it.note("of main")
    it.migrate(ONE, TWO)
    before = it.name
    it.note("of the branch")

    it.migrate(ONE, TWO.replace("t_two", "t_zwei"))
    assert it.name != before
    assert it.notes() == ["of main"]
    assert it.run("SELECT to_regclass('t_two'), to_regclass('t_zwei')::text") == [(None, "t_zwei")]
    assert it.words.getvalue().splitlines()[0] == (
        f"two was edited after being applied: {it.name} is a copy of dev (at one); {before} stays until it is pruned"
    )
    it.migrate(ONE, TWO)
    assert (it.name, it.notes()) == (before, ["of main", "of the branch"]), "the edit is taken back"


@pytest.mark.parametrize(
    "text",
    [
        TWO.replace("\n\n\n", "\n\n"),
        TWO.replace("def upgrade", "# makes a table\ndef upgrade"),
        f'"""Make a table."""\n{TWO}',
        TWO.replace('"two"', "'two'", 1).replace("'two'", '"two"', 1),
    ],
)
def test_what_says_the_same_in_other_words_is_no_edit(it: Branches, text: str) -> None:
    it.migrate(ONE, TWO)
    it.note("kept")
    before = it.name
    (it.root / "migrations/versions/two.py").write_text(text)
    it.migrate()
    assert (it.name, it.notes()) == (before, ["kept"])


def test_a_revision_that_fails_harms_no_copy_and_is_tried_from_the_same_beginning(it: Branches) -> None:
    it.migrate(ONE)
    it.note("of main")
    committed = "    with op.get_context().autocommit_block():\n        op.execute('CREATE TABLE half ()')\n"
    halfway = TWO.replace("    op.execute", f"{committed}    op.execute", 1)
    with pytest.raises(RevisionError, match="revision two failed"):
        it.migrate(ONE, halfway.replace("CREATE TABLE t_two", "CREATE TABEL t_two"))
    assert it.notes() == ["of main"]
    assert it.run("SELECT to_regclass('half')") == [(None,)]

    it.migrate(ONE, halfway)
    assert it.run("SELECT to_regclass('half')::text, to_regclass('t_two')::text") == [("half", "t_two")]
    assert it.databases() == {"dev", it.name}, "nothing is left of the first try"


def test_what_went_well_before_a_revision_failed_is_not_done_again(it: Branches) -> None:
    three = revision("three", "two")
    with pytest.raises(RevisionError, match="revision three failed"):
        it.migrate(ONE, TWO, three.replace("CREATE TABLE", "CREATE TABEL"))
    assert {each.head for each in it.records().copies} == {"two"}
    report = it.migrate(ONE, TWO, three)
    assert [row.subject for row in report.outcomes] == ["three"]
    assert it.run("SELECT to_regclass('t_one')::text, to_regclass('t_three')::text") == [("t_one", "t_three")]
    it.migrate(ONE, TWO)
    assert it.run("SELECT to_regclass('t_two')::text, to_regclass('t_three')") == [("t_two", None)]
    edited = TWO.replace("t_two", "t_zwei")
    it.migrate(ONE, edited, three)
    assert it.run("SELECT to_regclass('t_two'), to_regclass('t_zwei')::text") == [(None, "t_zwei")]


def test_who_took_a_copy_ahead_by_hand_is_not_in_the_way(it: Branches) -> None:
    it.migrate(ONE, TWO)
    it.run("UPDATE alembic_version SET version_num = 'elsewhere'")
    ahead = it.name
    it.note("by hand")
    it.migrate()
    assert it.name != ahead
    assert f"{ahead} is not what was noted, and is left as it is" in it.words.getvalue()
    assert it.notes() == []
    assert it.run("SELECT note FROM t_one", ahead) == [("by hand",)]


def test_a_copy_that_was_dropped_by_hand_is_made_again(it: Branches) -> None:
    it.migrate(ONE)
    it.migrate(ONE, TWO)
    it.run(f"DROP DATABASE {it.name}", "postgres")
    it.migrate()
    assert it.run("SELECT version_num FROM alembic_version") == [("two",)]


def test_a_database_from_before_there_were_copies_is_taken_up(it: Branches) -> None:
    it.migrate(ONE)
    it.note("old")
    (it.home / "copies.json").unlink()
    it.migrate(ONE, TWO)
    assert (it.name, it.notes()) == ("dev", ["old"])
    (it.home / "copies.json").unlink()
    it.migrate(ONE)
    assert "dev is left as it is" in it.words.getvalue()
    assert it.name != "dev", "it is ahead, and blocks nothing"


@pytest.mark.parametrize("content", ["", "{", '{"copies": [{"name": "a; b"}], "present": ""}'])
def test_records_that_cannot_be_read_lose_no_database(it: Branches, content: str) -> None:
    it.migrate(ONE)
    it.migrate(ONE, TWO)
    feature = it.name
    (it.home / "copies.json").write_text(content)
    it.migrate(ONE, TWO)
    assert {"dev", feature} <= it.databases()
    assert it.records().named(feature) is not None, "it is pruned some day"


def test_a_database_of_the_users_own_is_never_touched(it: Branches) -> None:
    it.migrate(ONE)
    it.run("CREATE DATABASE dev_mine", "postgres")
    it.migrate(ONE, TWO)
    it.migrate(ONE)
    assert "dev_mine" in it.databases()
    assert it.records().named("dev_mine") is None


# ------------------------------------------------------------------ who is connected


def test_an_idle_session_is_ended_for_a_copy_and_said(it: Branches) -> None:
    it.migrate(ONE)
    with psycopg.connect(it.url, autocommit=True, application_name="psql") as person:
        person.execute("SELECT 1")
        it.migrate(ONE, TWO)
        assert ", for which 1 session there was ended\n" in it.words.getvalue()
        with pytest.raises(psycopg.OperationalError):
            person.execute("SELECT 1")


def test_what_a_service_is_at_for_long_does_not_keep_the_copy_from_being_made(it: Branches) -> None:
    it.migrate(ONE)
    with contextlib.closing(psycopg.connect(it.url, application_name="a worker")) as service:
        service.execute("INSERT INTO t_one VALUES ('never committed')")
        it.migrate(ONE, TWO)
        assert it.notes() == []
        with pytest.raises(psycopg.OperationalError, match="terminating connection"):
            service.commit()


def test_what_a_service_is_at_for_a_moment_is_finished(it: Branches) -> None:
    it.migrate(ONE)
    begun = threading.Event()

    def work() -> None:
        with psycopg.connect(it.url) as service:
            service.execute("INSERT INTO t_one VALUES ('committed')")
            begun.set()
            service.execute("SELECT pg_sleep(0.4)")

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        begun.wait(5)
        it.migrate(ONE, TWO)
        working.result()
    assert it.notes() == ["committed"]


def test_what_a_person_is_at_is_not_cut_off(it: Branches) -> None:
    it.migrate(ONE)
    with psycopg.connect(it.url, application_name="psql") as person:
        person.execute("INSERT INTO t_one VALUES ('by hand')")
        with pytest.raises(DatabaseError) as caught:
            it.migrate(ONE, TWO)
        assert "no copy can be made of database dev: psql (session" in caught.value.message
        assert "has been in a transaction" in caught.value.message
        assert "commit or roll back there" in caught.value.hint
        assert it.migrate(ONE).outcomes[0].result == "fresh", "the branch it is on goes on"
        person.commit()
    it.migrate(ONE, TWO)
    assert it.notes() == ["by hand"]


# ------------------------------------------------------------------ what is left, and what others do


def test_copies_that_were_not_used_for_long_go_and_those_in_use_stay(
    it: Branches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "KEPT", 3)
    it.migrate(ONE)
    with psycopg.connect(it.url) as used:
        used.execute("SELECT 1")
        used.commit()
        for number in range(5):
            it.migrate(revision("root", None), revision(f"r{number}", "root"))
        assert it.records().named("dev") is not None
        assert len(it.records().copies) <= 4
    assert it.databases() == {each.name for each in it.records().copies}
    assert "that was not used for long" in it.words.getvalue()


def test_edits_do_not_push_out_the_copies_of_other_branches(it: Branches) -> None:
    it.migrate(ONE)
    it.note("of main")
    for number in range(choice.SUPERSEDED + 4):
        it.migrate(ONE, revision("two", "one", f"CREATE TABLE t_{number} ()"))
    assert len(it.databases()) == 1 + 1 + choice.SUPERSEDED
    it.migrate(ONE)
    assert it.notes() == ["of main"]


def test_two_commands_at_once_make_one_copy(it: Branches) -> None:
    it.migrate(ONE)
    it.check_out(ONE, TWO)
    others = [Branches(it.root) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(Branches.migrate, others))
    assert len({each.url for each in others}) == 1
    assert it.databases() == {"dev", others[0].name}


def test_status_looks_at_the_nearest_copy_and_changes_nothing(it: Branches) -> None:
    it.migrate(ONE)
    it.check_out(ONE, TWO)
    before = (it.home / "copies.json").read_bytes()
    report = migration_status(it.config, it.console(), os.environ)
    assert [(row.subject, row.result) for row in report.outcomes] == [("one", "fresh"), ("two", "pending")]
    assert (it.home / "copies.json").read_bytes() == before
    assert it.databases() == {"dev"}


def test_a_record_says_what_is_in_the_copy(it: Branches) -> None:
    it.migrate(ONE, TWO)
    found = it.records()
    (copy,) = found.copies
    assert (copy.name, copy.head, copy.state, found.present) == ("dev", "two", records.READY, "dev")
    assert set(copy.revisions or ()) == {"one", "two"}
    assert replace(copy, revisions=None).follows

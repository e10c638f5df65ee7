from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from buildkit.core.fingerprint import digest_bytes
from buildkit.store.output_journal import OutputJournal

ONE, OTHER = digest_bytes(b"1"), digest_bytes(b"2")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "begun"


def test_nothing_was_begun_at_first(file: Path) -> None:
    assert OutputJournal(file).read() == {}
    OutputJournal(file).clear()


def test_what_was_begun_is_known_until_it_is_recorded(file: Path) -> None:
    begun = OutputJournal(file)
    begun.add("app.fast", "app/fast.so", ONE)
    begun.add("app.fast", "app/fast.so", OTHER)
    begun.add("app.naïve", "app/naïve.so", ONE)

    assert OutputJournal(file).read() == {
        "app.fast": {("app/fast.so", ONE), ("app/fast.so", OTHER)},
        "app.naïve": {("app/naïve.so", ONE)},
    }
    begun.clear()
    assert begun.read() == {}


def test_a_line_that_is_cut_is_noticed_and_hides_no_other(file: Path) -> None:
    OutputJournal(file).add("app.fast", "app/fast.so", ONE)
    whole = file.read_bytes()
    for at in range(2, len(whole)):
        file.write_bytes(whole[:at])
        OutputJournal(file).add("app.plain", "app/plain.so", OTHER)
        begun = OutputJournal(file)
        assert begun.read() == {"app.plain": {("app/plain.so", OTHER)}}, at
        assert begun.damaged, at


def test_every_flipped_bit_is_noticed(file: Path) -> None:
    OutputJournal(file).add("app.fast", "app/fast.so", ONE)
    whole = file.read_bytes()
    for at in range(len(whole) * 8):
        harmed = bytearray(whole)
        harmed[at // 8] ^= 1 << at % 8
        file.write_bytes(harmed)
        begun = OutputJournal(file)
        assert begun.read() == {}, at
        assert begun.damaged, at


@pytest.mark.parametrize("text", ["1\n", '"abc"\n', "[1]\n", "[[], {}, 1]\n", "null\n", "\x00\n"])
def test_a_line_that_is_none_is_passed_over(file: Path, text: str) -> None:
    begun = OutputJournal(file)
    file.write_text(text)
    begun.add("app.fast", "app/fast.so", ONE)

    assert begun.read() == {"app.fast": {("app/fast.so", ONE)}}
    assert begun.damaged


def test_a_folder_in_its_place_is_damage(file: Path) -> None:
    file.mkdir()
    begun = OutputJournal(file)

    assert begun.read() == {}
    assert begun.damaged


def test_lines_of_many_threads_do_not_run_into_each_other(file: Path) -> None:
    begun = OutputJournal(file)

    def work(number: int) -> None:
        for turn in range(25):
            begun.add(f"{number}.{turn}", f"{number}/{turn}.so", ONE)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(begun.read()) == {f"{at}.{turn}" for at in range(4) for turn in range(25)}


@pytest.mark.parametrize(
    ("subject", "path", "digest"),
    [
        ("app", "../../victim", ONE),
        ("app", "/etc/passwd", ONE),
        ("app", "other.so", ONE),
        ("..", "../victim.so", ONE),
        ("app", "app.so", "../victim"),
        (5, "app.so", ONE),
        ("app", ["app.so"], ONE),
    ],
)
def test_a_line_that_names_what_is_no_extension_is_not_believed(
    file: Path, subject: Any, path: Any, digest: Any
) -> None:
    OutputJournal(file).add(subject, path, digest)
    begun = OutputJournal(file)

    assert begun.read() == {}
    assert begun.damaged

from __future__ import annotations

import signal
import sys
import threading

import pytest

from buildkit.dev.signals import Interruption, interruptible
from buildkit.doors import process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_block_and_is_remembered(number: signal.Signals) -> None:
    inherited = signal.signal(number, before := signal.default_int_handler)  # `nohup` and `&` hand on ignored ones
    with interruptible(interruption := Interruption()):
        assert not interruption.is_set()
        signal.raise_signal(number)
        pytest.fail("the block goes on")
    assert interruption.signal is number
    assert interruption.is_set()
    assert signal.signal(number, inherited) is before


def test_the_first_signal_is_the_reason_and_the_second_hurries() -> None:
    interrupted = False
    with interruptible(interruption := Interruption()):
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                interrupted = True
    assert interrupted
    assert interruption.signal is signal.SIGTERM


def test_other_threads_set_no_handlers() -> None:
    def enter() -> None:
        with interruptible(interruption := Interruption()):
            found.append(interruption.is_set())

    found: list[bool] = []
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert found == [False]


def test_a_signal_that_passes_an_exec_does_not_decide_how_the_process_ends() -> None:
    code = """
import os, signal, time
from buildkit.dev.signals import Interruption, interruptible
interruption = Interruption()
with interruptible(interruption):
    exec("os.kill(os.getpid(), signal.SIGTERM); time.sleep(5)")
raise SystemExit(143 if interruption.signal == signal.SIGTERM else 1)
"""
    done = process.run([sys.executable, "-c", code], timeout=30)
    assert (done.exit_code, done.stderr) == (143, "")

"""`invoke` for tests, ready before it is asked for: a process that has loaded it forks for each run.

Invoke itself takes a quarter of a second of the processor to load, which a thousand runs of the tests would pay. What
is loaded is what `import buildkit.tasks` loads, no more: which rooms a command then loads is as real as before. A run
whose environment says how Python starts has a Python of its own, and so has each of `run_invoke` and of signals.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

SERVER = """
import gc, json, os, select, socket, sys
def see(event, arguments):
    if event == "subprocess.Popen":
        with open(os.environ["STARTED"], "a") as file:
            file.write(" ".join(map(str, arguments[1])) + "\\n")
def next_run(listening):
    while True:
        if 0 in select.select([listening, 0], [], [])[0]: os._exit(0)  # whoever held the other end is gone
        connection, _ = listening.accept()
        if os.fork():  # the process that waits for the run, so that many may run at once
            connection.close()
            try:
                while os.waitpid(-1, os.WNOHANG)[0]: pass
            except ChildProcessError: pass
            continue
        listening.close()
        text, descriptors, _, _ = socket.recv_fds(connection, 1 << 20, 2)
        while not text.endswith(b"\\n"): text += connection.recv(1 << 20)
        child = os.fork()
        if child:
            connection.sendall(b"%d\\n" % child)
            connection.sendall(b"%d\\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            os._exit(0)
        connection.close()
        descriptors.append(os.open(os.devnull, os.O_RDONLY))
        for descriptor, place in zip(descriptors, (1, 2, 0)):
            os.dup2(descriptor, place)
            os.close(descriptor)
        return json.loads(text)
from invoke.main import program
import buildkit.tasks
with socket.socket(socket.AF_UNIX) as listening:
    listening.bind(sys.argv[1])
    listening.listen(64)
    print("ready", flush=True)
    gc.collect()
    gc.freeze()
    run = next_run(listening)
os.chdir(run["folder"])
os.environ.clear()
os.environ.update(run["environment"])
sys.argv[1:] = run["arguments"]
sys.addaudithook(see)
program.run(["invoke", *run["arguments"]])
"""

AT_START = ("PYTHON", "LD_", "LC_", "LANG", "MALLOC", "GLIBC", "TZ")
"""How the variables begin that a process reads when it starts."""


class ForkedInvoke:
    """The process that forks, from its start until `close`.

    Args:
        place: where its socket goes; the path is short.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._variables = at_start(os.environ)
        self._child = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(place)],
            cwd=place.parent,
            stdin=subprocess.PIPE,  # it ends with this process, however that ends
            stdout=subprocess.PIPE,
        )
        assert self._child.stdout is not None
        assert self._child.stdout.readline() == b"ready\n"
        self._child.stdout.close()

    def close(self) -> None:
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.kill()
        self._child.wait()

    def fits(self, environment: Mapping[str, str]) -> bool:
        """Whether a Python that starts with these variables starts as this one did."""
        return at_start(environment) == self._variables

    def run(
        self, root: Path, arguments: Sequence[str], environment: Mapping[str, str], outputs: tuple[int, int]
    ) -> int:
        """Run a command to its end and return its exit code, negative for a signal.

        Args:
            root: the folder where it runs.
            arguments: the task and its flags.
            environment: all of its environment.
            outputs: the descriptors that become its stdout and stderr.
        """
        question = {"folder": str(root), "arguments": list(arguments), "environment": dict(environment)}
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self._place))
            connection.settimeout(240)
            text = json.dumps(question).encode() + b"\n"
            sent = socket.send_fds(connection, [text], outputs)
            connection.sendall(text[sent:])
            with connection.makefile("r") as answers:
                child = int(answers.readline())
                try:
                    return int(answers.readline())
                except TimeoutError:
                    os.kill(child, signal.SIGKILL)
                    raise


def at_start(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a process reads when it starts."""
    return {name: text for name, text in environment.items() if name.startswith(AT_START)}

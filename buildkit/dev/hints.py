"""What helps where the log of a service shows an error that many have met."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

_RELOADER = "has a reloader of its own"

_ELSEWHERE = "the service goes to a server of its own settings: let it read DATABASE_URL"
_NO_ANSWER = (
    "the database server at port {0}, which the service is told of, does not answer: is it running? "
    "invoke dev starts the project's own again"
)
_URL = re.compile(r"postgres(?:ql)?(?:\+\w+)?://[^/\s]*:(\d+)/")

_KNOWN = (
    (
        r"That port is already in use",
        'the loop holds the address: command = ["python", "manage.py", "runserver", "--noreload", "{{port}}"]',
    ),
    (
        r"ModuleNotFoundError: No module named '([\w.]+)'",
        "{0} is not in the environment that runs invoke: install it there, or correct the import",
    ),
    (
        r"[Aa]ddress already in use|EADDRINUSE|only one usage of each socket address",
        "the loop holds the address: let the service listen on {{port}}, {{fd}} or $PORT; or set overlap = false",
    ),
    (
        r'column "?([\w.]+)"? (?:of relation .* )?does not exist',
        "the database lacks {0}: invoke db.revision writes what the models have more",
    ),
    (
        r'relation "([\w.]+)" does not exist',
        "the database lacks {0}: is there a revision for it? invoke db.revision writes one",
    ),
    (r"password authentication failed", "the service goes to a database of its own settings: let it read DATABASE_URL"),
    (
        r"connection to server .*\bport (\d+) failed: Connection refused|Connect call failed \('[^']+', (\d+)",
        _ELSEWHERE,
    ),
    (
        r"Restarting with (?:stat|watchdog|inotify)",
        "the service has a reloader of its own beside invoke dev: flask run --no-reload, app.run(use_reloader=False)",
    ),
    (
        r"Watching for file changes with \w+",
        "the service has a reloader of its own beside invoke dev: write runserver --noreload",
    ),
    (
        r"Started reloader process|Starting .*reloader|Restarting with watchfiles|Spawning .* with reload",
        "the service has a reloader of its own beside invoke dev: write its command without --reload, or reload=False",
    ),
    (
        r"inotify (?:watch|instance) limit reached|ENOSPC: System limit",
        "sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512",
    ),
    (r"OSError: \[Errno 24\]", "let a process have more open files: ulimit -n 4096"),
)
_PATTERNS = [(re.compile(pattern), words) for pattern, words in _KNOWN]


class Hints:
    """Gives each hint once for each start of a process; that it has a reloader, once for the service.

    Args:
        named: has the names of services whose reloader was named, and takes them.
        service: the service's.
        environment: its variables, some of which may name a database.
    """

    def __init__(
        self, named: set[str] | None = None, service: str = "", environment: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._ports = {port for value in environment.values() for port in _URL.findall(value)}
        self._given: set[str] = set()
        self._named = set() if named is None else named
        self._service = service

    def of(self, line: str) -> Iterator[str]:
        """Yield what helps, if anything, given a line of the log without its colours."""
        for pattern, words in _PATTERNS:
            found = pattern.search(line)
            if found and words not in self._given:
                self._given.add(words)
                if _RELOADER in words:
                    if self._service in self._named:
                        return
                    self._named.add(self._service)
                values = [value for value in found.groups() if value is not None]
                known = words == _ELSEWHERE and values[0] in self._ports
                yield (_NO_ANSWER if known else words).format(*values)
                return

"""Classifies failed connections: whether waiting helps, and which message and hint to show.

If the server answered, its SQLSTATE decides, whatever the language of its messages. If there is none, the message is
libpq's own (no answer, no TLS, no such host) and in English, since `connection.connect` makes sure of that. A pooler is
a case between: PgBouncer gives 08P01 for everything, with English messages.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from buildkit.migrate.postgres.libpq import TAKEN

POOLER = "08P01"


class Fault(NamedTuple):
    """One way in which a connection fails.

    Args:
        sqlstates: its SQLSTATEs; empty where no server answers.
        words: a pattern for the message, for a failure without a SQLSTATE or with one that stands for several faults.
        waits: whether waiting helps.
        note: the message while waiting.
        message: the message of the final error; a format with `place`, `user`, `database`, `variable`.
        hint: its hint; a format as well.
    """

    sqlstates: tuple[str, ...]
    words: str
    waits: bool
    note: str
    message: str
    hint: str


_STARTS, _ENDS = "it is starting up", "it is shutting down"
_NO_SERVER_BEHIND = "the pooler does not reach its server"

# The first that matches counts. The server's words stand here for where no libpq can be asked for the SQLSTATE.
FAULTS = (
    Fault(
        ("57P03", TAKEN),
        "starting up|not yet accepting|in recovery mode|shutting down",
        waits=True,
        note=_STARTS,
        message="the server at {place} is still starting up",
        hint="look at the server's log, or wait longer: [tool.buildkit.migrate] wait",
    ),
    Fault(
        ("57P01", "57P02"),  # it ends just now: the next attempt finds it away, or back
        "terminating connection",
        waits=True,
        note=_ENDS,
        message="the server at {place} shuts down",
        hint="start it again, or look at the server's log",
    ),
    Fault(
        ("53300",),
        "too many clients|connection slots are reserved|too many connections|no more connections allowed",
        waits=True,
        note="it has no connection free",
        message="the server at {place} has no connection free",
        hint="end idle clients, or raise max_connections",
    ),
    Fault(
        (),
        r"server login has been failing, try again later|server conn crashed|server_login_retry\)$|query_wait_timeout",
        waits=True,
        note=_NO_SERVER_BEHIND,
        message="the pooler at {place} does not reach its server",
        hint="start the server, or correct the database {database!r} in {variable}: the pooler does not tell which; "
        "its log does",
    ),
    Fault(
        ("28P01",),
        "password authentication failed|no password supplied|SASL authentication",
        waits=False,
        note="",
        message="the server at {place} refused the password of role {user!r}",
        hint="correct the password in {variable} (percent-encoded: %40 for @, %2F for /)",
    ),
    Fault(
        ("3D000",),
        'database ".*" does not exist|no such database',
        waits=False,
        note="",
        message="the server at {place} has no database {database!r}",
        hint="correct the name in {variable}, or make it: createdb {database}",
    ),
    Fault(
        ("28000",),
        r"pg_hba\.conf",  # the name of a file, the same in every language
        waits=False,
        note="",
        message="the server at {place} lets nobody in from here as {user!r} to {database!r} in this way",
        hint="allow it in the server's pg_hba.conf; if that asks for TLS, set sslmode in {variable} (?sslmode=require)",
    ),
    Fault(
        ("28000",),
        'role ".*" does not exist|no such user|not permitted to log in|Peer authentication|Ident authentication',
        waits=False,
        note="",
        message="the server at {place} does not take role {user!r}",
        hint="correct the role in {variable}, or make it: createuser {user}",
    ),
    Fault(
        ("42501",),
        "permission denied for database",
        waits=False,
        note="",
        message="role {user!r} may not connect to database {database!r} at {place}",
        hint="GRANT CONNECT ON DATABASE {database} TO {user}",
    ),
    Fault(
        (),
        "does not support SSL|does not support TLS",
        waits=False,
        note="",
        message="the server at {place} does not speak TLS, which {variable} asks for",
        hint="turn it on at the server (ssl = on), or change sslmode in {variable} (ssl, where that is asyncpg's)",
    ),
    Fault(
        (),
        "root certificate file|certificate file .* does not exist",
        waits=False,
        note="",
        message="the root certificate for TLS with {place} cannot be read",
        hint="correct sslrootcert in {variable}, or PGSSLROOTCERT",
    ),
    Fault(
        (),
        "certificate verify failed|unable to get local issuer|self.signed certificate",
        waits=False,
        note="",
        message="the TLS certificate of the server at {place} is signed by nobody who is trusted here",
        hint="name the certificate of the authority that signed it: sslrootcert in {variable}, or PGSSLROOTCERT",
    ),
    Fault(
        (),
        "certificate for .* does not match host name",
        waits=False,
        note="",
        message="the TLS certificate of the server at {place} is for another host",
        hint="name in {variable} the host that the certificate is for, or let the server show another",
    ),
    Fault(
        (),
        "SSL SYSCALL error|SSL connection has been closed",  # TLS, but what it says is that the other side is gone
        waits=True,
        note="no server answers",
        message="no server answers at {place}",
        hint="start it, or correct host and port in {variable}",
    ),
    Fault(
        (),
        "SSL|certificate|TLS|private key file",
        waits=False,
        note="",
        message="the server at {place} and this client do not agree on TLS",
        hint="set sslmode in {variable}: ?sslmode=require, disable or verify-full",
    ),
    Fault(
        (),
        "could not translate host name|name or service not known|failed to resolve|nodename nor servname|"
        "no address associated|name resolution",
        waits=True,
        note="its host name is not known",
        message="the host name of {place} is not known",
        hint="correct the host in {variable}",
    ),
    Fault(
        (),
        'invalid (integer value|port)|invalid value .* for connection option "port"',
        waits=False,
        note="",
        message="{place} is no place to connect to",
        hint="correct the port in {variable}",
    ),
    Fault(
        (),
        "refused|timeout|timed out|No such file|unreachable|closed the connection|reset by peer|No route",
        waits=True,
        note="no server answers",
        message="no server answers at {place}",
        hint="start it, or correct host and port in {variable}",
    ),
)
_OF_RESTART = tuple(each for each in FAULTS if each.note in {_STARTS, _ENDS, _NO_SERVER_BEHIND})
OTHER = Fault((), "", waits=False, note="", message="the server at {place} refused", hint="see its words above")


def fault(words: str, sqlstate: str = "") -> Fault:
    """Return the fault for a message of libpq, or for the server's SQLSTATE."""
    if not sqlstate or sqlstate == POOLER:
        return next((each for each in FAULTS if _in(each, words)), OTHER)
    of_it = [each for each in FAULTS if sqlstate in each.sqlstates]
    return next((each for each in of_it if _in(each, words)), of_it[-1] if of_it else OTHER)


def of_restart(words: str, sqlstate: str = "") -> bool:
    """Return whether the server is starting or stopping, or a pooler has lost its server for a moment."""
    return fault(words, sqlstate) in _OF_RESTART


def _in(each: Fault, words: str) -> bool:
    return re.search(each.words, words, re.IGNORECASE) is not None

"""Parses a database URL into libpq's parameters and SQLAlchemy's form.

SQLAlchemy and libpq read URLs each in their own manner. What SQLAlchemy reads is left as it was written; a list of
hosts in libpq's manner, or a socket's folder in the place of the host, is written in the one that both know
(`?host=a,b&port=1,2`). What the URL leaves out (a port, a user, a password) is left out here too, so that libpq uses
its defaults.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote

_Pairs = list[tuple[str, str]]

_SCHEME = re.compile(r"(?P<scheme>[\w+]+)://(?P<rest>.*)", re.DOTALL)
_PLAIN = r"(?:(?P<user>[^:/]*)(?::(?P<password>[^@]*))?@)?"
_RAW = r"(?P<user>[^:/]*):(?P<password>.*)@"  # with characters in the password that have to be percent-encoded
_AFTER = r"(?P<places>[^/?@]*)(?:/(?P<database>[^?]*))?(?:\?(?P<query>.*))?"
_PLACE = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>\d*))?")

_LIBPQ = frozenset(
    {"host", "hostaddr", "port", "dbname", "user", "password", "passfile", "require_auth", "channel_binding"}
    | {"connect_timeout", "options", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"}
    | {"tcp_user_timeout", "gssencmode", "sslmode", "requiressl", "sslnegotiation", "sslcompression", "sslcert"}
    | {"sslkey", "sslkeylogfile", "sslpassword", "sslcertmode", "sslrootcert", "sslcrl", "sslcrldir", "sslsni"}
    | {"requirepeer", "ssl_min_protocol_version", "ssl_max_protocol_version", "min_protocol_version"}
    | {"max_protocol_version", "krbsrvname", "gsslib", "gssdelegation", "scram_client_key", "scram_server_key"}
    | {"service", "servicefile", "target_session_attrs", "load_balance_hosts", "oauth_issuer", "oauth_client_id"}
    | {"oauth_client_secret", "oauth_scope"}
)
"""libpq's parameters, but for names and encodings of a session, which are this suite's own business."""

_LONGEST = 8192
"""Bytes of a URL; a longer text is no URL."""

_NAMES = {"ssl": "sslmode", "database": "dbname"}  # what asyncpg calls them
_SECRET = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a URL.

    Args:
        scheme: dialect and driver, as in `postgresql+asyncpg`.
        rest: what follows `://`, as SQLAlchemy reads it.
        arguments: the parameters for libpq; options that only other drivers know are left out.
        secrets: all passwords in it, raw and as they are written.
    """

    scheme: str
    rest: str
    arguments: dict[str, str]
    secrets: frozenset[str]


def parse(text: str) -> Url | None:
    """Return the parts of a URL, or None if the text is no URL."""
    try:
        whole = _SCHEME.fullmatch(text) if len(text.encode()) <= _LONGEST else None
    except UnicodeEncodeError:
        return None
    if whole is None:
        return None
    rest = whole["rest"]
    plain, raw = (re.fullmatch(pattern + _AFTER, rest, re.DOTALL) for pattern in (_PLAIN, _RAW))
    match, places = plain, _places(plain["places"]) if plain else None
    if places is None:
        match, places = raw, _places(raw["places"]) if raw else None
    if match is None or places is None:
        return None
    query = parse_qsl(match["query"] or "")
    found = {
        **_listed(places),
        "user": unquote(match["user"] or ""),
        "password": unquote(match["password"] or ""),
        "dbname": unquote(match["database"] or ""),
        **_asked(query),
    }
    arguments = {name: value for name, value in found.items() if value}
    written = {each["password"] for each in (plain, raw) if each is not None and each["password"]}
    secrets = {arguments[name] for name in _SECRET if name in arguments} | written
    return Url(whole["scheme"], _for_sqlalchemy(match, places, query, rest), arguments, frozenset(secrets))


def _places(text: str) -> _Pairs | None:
    """Return each host with its port, empty if it has none; None if the text is not a list of hosts."""
    found = []
    for place in text.split(","):
        match = _PLACE.fullmatch(place)
        if match is None:
            return None
        found.append((unquote(match["host"].strip("[]")), match["port"] or ""))
    return found


def _listed(places: _Pairs) -> dict[str, str]:
    hosts, ports = (",".join(each) for each in zip(*places, strict=True))
    return {"host": hosts.strip(",") and hosts, "port": ports.strip(",") and ports}


def _asked(query: _Pairs) -> dict[str, str]:
    """Return libpq's parameters in the part after `?`; hosts are written `host=a:1&host=b:2` or `host=a,b&port=1,2`."""
    found: dict[str, str] = {}
    hosts = [value for name, value in query if name == "host"]
    with_ports = len(hosts) > 1 or (len(hosts) == 1 and re.fullmatch(r"[\w.-]+:\d+", hosts[0]))
    for name, value in query:
        known = _NAMES.get(name, name)
        if known in _LIBPQ:
            found[known] = {"true": "require", "false": "disable"}.get(value.lower(), value) if name == "ssl" else value
    if with_ports:
        places = [(host, port) for host, _, port in (each.partition(":") for each in hosts)]
        found |= {name: value for name, value in _listed(places).items() if value}
    elif (ports := [value for name, value in query if name == "port"]) and len(ports) > 1:
        found["port"] = ",".join(ports)
    return found


def _for_sqlalchemy(match: re.Match[str], places: _Pairs, query: _Pairs, rest: str) -> str:
    understood = (
        len(places) == 1
        and "%" not in match["places"]
        and not match["places"].endswith(":")
        and "@" not in (match["password"] or "")
    )
    if understood:
        return rest
    password = match["password"]
    who = match["user"] or ""
    if password:
        who += ":" + quote(unquote(password), safe="")
    if len(places) > 1 or "/" in places[0][0]:
        at, query = "", [*_listed(places).items(), *query]
    else:
        at = ":".join(filter(None, places[0]))
    asked = "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in query if value)
    database = match["database"] or ""
    return f"{f'{who}@' if who else ''}{at}/{database}{f'?{asked}' if asked else ''}"

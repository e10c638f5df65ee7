"""Releases one after the other while clients ask all the time: where versions overlap, no answer is missing."""

from __future__ import annotations

import json
import time

import psycopg
import pytest
from hypothesis import settings
from plugins import images
from plugins.effort import FIGURES
from releases import Site, revision

pytestmark = [pytest.mark.docker, pytest.mark.postgres, pytest.mark.slow]

RELEASES = 20 if settings.get_current_profile_name() == "nightly" else 2

# A client as proxies are: it asks for the addresses of the name, takes the next one where nobody listens or nobody
# answers soon, and repeats a request of which nothing has come back. What is connected to a server and not yet accepted
# when that closes is reset. The engine takes a name from its DNS in the moment in which the address goes, so whoever
# has just asked for it sends to an address that nobody has: no answer at all, and the system tries that for minutes.
CLIENT = """
import collections, http.client, json, os, socket, time

def connected():
    found = socket.getaddrinfo("api", 8000, socket.AF_INET, socket.SOCK_STREAM)
    for number, (*_, address) in enumerate(found, 1):
        try:
            return socket.create_connection(address, timeout=1)
        except TimeoutError:
            gone.append(address)
        except OSError:
            if number == len(found):
                raise
    return socket.create_connection(("api", 8000), timeout=30)

def ask():
    connection = http.client.HTTPConnection("api", 8000)
    connection.sock = connected()
    connection.sock.settimeout(30)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return f"{answer.status} {answer.read().decode()}"
    finally:
        connection.close()

seen, repeated, failed, gone, longest = collections.Counter(), 0, [], [], 0.0
while not os.path.exists("/tmp/enough"):
    begun = time.monotonic()
    try:
        try:
            seen[ask()] += 1
        except ConnectionError:
            repeated += 1
            seen[ask()] += 1
    except Exception as error:
        failed.append(repr(error))
    longest = max(longest, time.monotonic() - begun)
    time.sleep(0.005)
print(json.dumps([seen, repeated, failed, len(gone), longest]))
"""


@pytest.mark.timeout(1800)
def test_no_request_fails_while_releases_follow_each_other(site: Site) -> None:
    """Every second one has a revision, and each is migrated once."""
    site.commit()
    site.push(lines="ENV VERSION=0")
    assert site.release()[0] == 0
    client = f"{site.name}-client"
    options = ["--detach", "--name", client, "--network", f"{site.name}_default", "--entrypoint", "python"]
    images.docker("run", *options, site.base, "-c", CLIENT)
    known, files = ["0001", "0002"], dict[str, str]()
    try:
        begun = time.monotonic()
        for number in range(1, RELEASES + 1):
            if number % 2 == 0:
                identity = f"{len(known) + 1:04}"
                files |= revision(identity, known[-1], f"op.execute('CREATE TABLE t{identity} (id integer)')")
                known.append(identity)
            site.commit()
            new = site.push(files, lines=f"ENV VERSION={number}", head=known[-1], revisions=" ".join(known))
            code, done, ran = site.release()
            assert (code, site.digests(), site.head()) == (0, [new], known[-1]), ran.stderr
            assert done.get("migrate api", "left") == ("made" if number % 2 == 0 else "left")
        FIGURES.info("%d releases in %.0f s", RELEASES, time.monotonic() - begun)
        images.docker("exec", client, "touch", "/tmp/enough")
        images.docker("wait", client)
        seen, repeated, failed, gone, longest = json.loads(images.log_of(client).splitlines()[-1])
    finally:
        images.docker("rm", "--force", client)
    counts = (sum(seen.values()), repeated, gone, longest)
    FIGURES.info("%d requests, %d of them repeated, %d to addresses that had gone, the longest %.2f s", *counts)
    assert failed == []
    assert [*seen] == [f"200 {number}" for number in range(RELEASES + 1)]
    with psycopg.connect(site.database) as connection:
        at = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert at == [(known[-1],)]

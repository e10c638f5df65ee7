"""A real registry (Debian's docker-registry) on this machine, with TLS and tokens where a test wants them.

Before it may stand a proxy that cuts connections, or one that sees each request; beside it, a server that gives tokens
for a password.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import http.server
import json
import os
import random
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from buildkit.doors import process

CONFIG = """
version: 0.1
log: {{level: {level}, accesslog: {{disabled: {quiet}}}}}
storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}{storage}}}
http: {{addr: "{host}:{port}", secret: "x"{tls}}}
{auth}
"""
TLS = ", tls: {{certificate: {certificate}, key: {key}}}"
TOKEN = 'auth: {{token: {{realm: "{realm}", service: test, issuer: tests, rootcertbundle: {certificate}}}}}'
OTHER = "127.0.0.2"
"""An address of this machine with which TLS is spoken: only `localhost` and 127.0.0.1 go without."""


class Authority:
    """A CA made for one test, which is the certificate of 127.0.0.2 as well, and signs tokens."""

    def __init__(self, place: Path) -> None:
        self.certificate, self.key = place / "ca.pem", place / "ca.key"
        self._run(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=buildkit tests"),
            *("-addext", f"subjectAltName=IP:{OTHER}"),
            *("-keyout", str(self.key), "-out", str(self.certificate)),
        )

    def _run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        done = subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def token(self, access: list[dict[str, object]], until: float) -> str:
        """Return a signed token (RFC 7519) for `access`."""
        chain = self._run("x509", "-in", str(self.certificate), "-outform", "der")
        now = int(time.time())
        head = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(chain).decode()]}
        body = {
            "iss": "tests",
            "aud": "test",
            "sub": "robot",
            "jti": str(time.monotonic_ns()),
            "iat": now,
            "nbf": now - 600,
            "exp": int(until),
            "access": access,
        }
        text = b".".join(_base64(json.dumps(part).encode()) for part in (head, body))
        return (text + b"." + _base64(self._run("dgst", "-sha256", "-sign", str(self.key), stdin=text))).decode()


def _base64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


class Tokens:
    """A token server (the distribution project's token scheme) that speaks TLS at 127.0.0.2.

    Args:
        authority: signs what it gives.
        seconds: how long a token is good for; the registry lets every clock be a minute off, so that is taken away.
        user: who gets a token, as `name:password`.
        tls: whether it does speak TLS.
    """

    LEEWAY = 60

    def __init__(self, authority: Authority, seconds: float, user: str, *, tls: bool = True) -> None:
        self.given: list[str] = []
        self.refused = 0
        outer, wanted = self, f"Basic {base64.b64encode(user.encode()).decode()}"

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                good = self.headers.get("Authorization") == wanted and query.get("service") == ["test"]
                body: dict[str, object] = {"errors": [{"code": "UNAUTHORIZED", "message": "wrong user or password"}]}
                if good:
                    kind, name, actions = query["scope"][0].split(":")
                    access: list[dict[str, object]] = [{"type": kind, "name": name, "actions": actions.split(",")}]
                    until = time.time() + seconds - outer.LEEWAY
                    body = {"token": authority.token(access, until), "expires_in": int(seconds)}
                    outer.given.append(actions)
                else:
                    outer.refused += 1
                text = json.dumps(body).encode()
                self.send_response(200 if good else 401)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.certificate, authority.key)
        self._server = http.server.ThreadingHTTPServer((OTHER, 0), Handler)
        if tls:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.realm = f"http{'s' if tls else ''}://{OTHER}:{self._server.server_address[1]}/token"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(frozen=True)
class Running:
    """A registry that answers, and the folder that it keeps blobs in."""

    port: int
    folder: Path
    log: Path

    @property
    def requests(self) -> list[str]:
        """Return the requests that it noted, each as method and path."""
        return re.findall(r'"((?:GET|HEAD|POST|PUT|PATCH|DELETE) /v2/[^ "?]+)', self.log.read_text())

    @property
    def blobs(self) -> list[Path]:
        """Return the files of all blobs."""
        return list(self.folder.glob("docker/registry/v2/blobs/sha256/*/*/data"))


def program() -> str | None:
    """Return the registry's program, None if there is none."""
    return shutil.which("docker-registry", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/bin")


@contextlib.contextmanager
def registry(
    place: Path,
    *,
    host: str = "127.0.0.1",
    password: str = "",
    authority: Authority | None = None,
    tokens: Tokens | None = None,
    outside: str = "",
    heard: bool = False,
    closed: bool = False,
) -> Iterator[Running]:
    """Run a registry below `place`.

    Args:
        place: its folder.
        password: a bcrypt line of htpasswd; the user `robot` alone may use it.
        host: where it listens.
        authority: it speaks TLS with this certificate, at 127.0.0.2.
        tokens: who gives the tokens that it wants to see.
        outside: the address that it gives out as its own.
        heard: it notes each request.
        closed: it takes nothing.
    """
    command = program()
    assert command is not None
    place.mkdir(parents=True, exist_ok=True)
    host = OTHER if authority else host
    port = free_port(host)
    auth = tls = ""
    if password:
        (place / "htpasswd").write_text(password)
        auth = f"auth: {{htpasswd: {{realm: test, path: {place / 'htpasswd'}}}}}"
    if authority:
        tls = TLS.format(certificate=authority.certificate, key=authority.key)
        if tokens:
            auth = TOKEN.format(realm=tokens.realm, certificate=authority.certificate)
    if outside:
        tls += f', host: "{outside}"'
    words = {"level": "info" if heard else "error", "quiet": str(not heard).lower()}
    storage = ", maintenance: {readonly: {enabled: true}}" if closed else ""
    config = CONFIG.format(folder=place / "store", host=host, port=port, tls=tls, auth=auth, storage=storage, **words)
    (place / "config.yml").write_text(config)
    with (place / "log").open("w") as log:
        child = process.start([command, "serve", str(place / "config.yml")], output=log.fileno())
    try:
        deadline = time.monotonic() + 20
        while not _answers(host, port, authority):
            assert child.poll() is None, (place / "log").read_text()
            assert time.monotonic() < deadline, "it never answered"
            time.sleep(0.02)
        yield Running(port, place / "store", place / "log")
    finally:
        process.end(child, 2)


def _answers(host: str, port: int, authority: Authority | None) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=1)
    if authority:
        context = ssl.create_default_context(cafile=authority.certificate)
        connection = http.client.HTTPSConnection(host, port, timeout=1, context=context)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status in {200, 401}
    except OSError:
        return False
    finally:
        connection.close()


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nobody listens on, and that no server gets which asks for any: those are above 32767."""
    while True:
        port = random.randrange(20_000, 30_000)
        with contextlib.suppress(OSError), socket.create_server((host, port)):
            return port


class Cutter:
    """A proxy that ends all connections each time so many bytes have passed.

    Args:
        target: the port behind it.
        every: bytes between two cuts.
        first: bytes before the first one; as many if 0.
    """

    def __init__(self, target: int, every: int, first: int = 0) -> None:
        self.cuts = 0
        self.passed = 0
        self._every = every
        self._left = first or every
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._run(self._serve)

    def _run(self, do: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=do, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [client, server]
                self._run(self._pass, client, server)
                self._run(self._pass, server, client)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(1 << 14):
                target.sendall(block)
                self.passed += len(block)
                self._left -= len(block)
                if self._left < 0:
                    self._left = self._every
                    self.cuts += 1
                    self._cut(*self._sockets)
        self._cut(source, target)

    def _cut(self, *sockets: socket.socket) -> None:
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it."""
        self._cut(self._server, *self._sockets)
        for thread in self._threads:
            thread.join(5)
        for each in (self._server, *self._sockets):
            each.close()


class Seeing:
    """A proxy that shows a test each request before it passes it on.

    Args:
        target: the port behind it.
        see: is told method and path, and returns an answer in the registry's place: a status, and its words.
        added: headers that each answer gets.
    """

    def __init__(
        self,
        target: int,
        see: Callable[[str, str], tuple[int, str] | None],
        added: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _passed(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answer = see(self.command, self.path)
                if answer is not None:
                    words = json.dumps({"errors": [{"code": "DENIED", "message": answer[1]}]}).encode()
                    self._say(answer[0], {}, words)
                    return
                connection = http.client.HTTPConnection("127.0.0.1", target, timeout=20)
                try:
                    connection.request(self.command, self.path, body or None, dict(self.headers))
                    response = connection.getresponse()
                    self._say(response.status, dict(response.getheaders()), response.read())
                finally:
                    connection.close()

            def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in {**headers, **added}.items():
                    if name.lower() not in {"content-length", "connection", "date", "transfer-encoding"}:
                        self.send_header(name, value)
                size = headers.get("Content-Length", str(len(body))) if self.command == "HEAD" else str(len(body))
                self.send_header("Content-Length", size)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(b"" if self.command == "HEAD" else body)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = _passed  # noqa: N815 - their names there

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

"""A small package index: a dozen packages of one line each, whose wheels are the same bytes wherever they are made."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

NAMES = "https://index.example.invalid"
"""What stands in the committed lock files for the address of this index."""


@dataclass(frozen=True)
class Package:
    """One release: what it requires, by extra, and the Pythons that it is for."""

    requires: tuple[str, ...] = ()
    extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    python: str = ">=3.8"


RELEASES: Mapping[tuple[str, str], Package] = {
    ("alpha", "1.0"): Package(("beta>=1",)),
    ("alpha", "1.1"): Package(
        ("beta>=1", 'gamma>=1; python_version < "3.12"', 'onlywin>=1; sys_platform == "win32"'),
        {"fast": ("delta>=1",)},
    ),
    ("beta", "1.0"): Package(),
    ("beta", "2.0"): Package(),
    ("gamma", "1.0"): Package(),
    ("delta", "1.0"): Package(('arm>=1; platform_machine == "aarch64"',)),
    ("arm", "1.0"): Package(),
    ("onlywin", "1.0"): Package(),
    ("epsilon", "1.0"): Package(python=">=3.8"),
    ("epsilon", "2.0"): Package(python=">=3.12"),
    ("driver", "3.0"): Package(),
    ("checker", "4.0"): Package(("beta>=1",)),
}
"""`alpha` has an extra and markers, `epsilon` another release for newer Pythons; `beta` 2.0 is what is newest."""


def file_name(name: str, version: str) -> str:
    return f"{name}-{version}-py3-none-any.whl"


def wheel(name: str, version: str) -> bytes:
    """Return a wheel with one module, which says its version; equal bytes on every machine."""
    about = RELEASES[name, version]
    information = f"{name}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", f"Requires-Python: {about.python}"]
    lines += [f"Requires-Dist: {text}" for text in about.requires]
    for extra, requires in about.extras.items():
        lines += [f"Provides-Extra: {extra}", *(f'Requires-Dist: {text}; extra == "{extra}"' for text in requires)]
    content = {
        f"{name}.py": f'VERSION = "{version}"\n',
        f"{information}/METADATA": "\n".join((*lines, "")),
        f"{information}/WHEEL": "Wheel-Version: 1.0\nGenerator: small\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = "".join(f"{path},{_digest(text)},{len(text)}\n" for path, text in content.items())
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as file:
        for path, text in {**content, f"{information}/RECORD": f"{rows}{information}/RECORD,,\n"}.items():
            file.writestr(zipfile.ZipInfo(path), text)
    return made.getvalue()


def _digest(text: str) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@contextlib.contextmanager
def served(host: str = "127.0.0.1") -> Iterator[tuple[str, list[str]]]:
    """Serve the index; give its address, and a list that grows by each wheel that is fetched."""
    fetched: list[str] = []
    wheels = {file_name(*release): wheel(*release) for release in RELEASES}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = self.path.strip("/").split("/")
            if parts[0] == "simple" and len(parts) == 2:
                links = [
                    f'<a href="/files/{file_name(name, version)}#sha256='
                    f'{hashlib.sha256(wheels[file_name(name, version)]).hexdigest()}"'
                    f' data-requires-python="{about.python.replace(">", "&gt;")}">{file_name(name, version)}</a>'
                    for (name, version), about in RELEASES.items()
                    if name == parts[1]
                ]
                self._answer(200 if links else 404, "text/html", "\n".join(links).encode())
            elif parts[0] == "files" and parts[-1] in wheels:
                fetched.append(parts[-1])
                self._answer(200, "application/octet-stream", wheels[parts[-1]])
            else:
                self._answer(404, "text/plain", b"")

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - its name there

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    server = http.server.ThreadingHTTPServer((host, 0), Handler)
    with contextlib.ExitStack() as stack:
        stack.callback(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        yield f"http://{host}:{server.server_port}", fetched

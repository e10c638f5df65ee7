"""The database driver of the migration gate: the service's own where it has psycopg with libpq, else one beside it.

The gate talks to the database by psycopg, whatever the service does: asyncpg, psycopg2, or a psycopg that looks for a
libpq which the runtime base lacks. What is missing goes into a folder that Python searches last, so it never stands
before anything of the service.
"""

from __future__ import annotations

from collections.abc import Iterable

from buildkit.image.requirements import installed_version

_ASK = (
    "from importlib.metadata import distributions; "
    'have = {each.metadata["Name"].lower().replace("_", "-"): each.version for each in distributions()}; '
    'own = "psycopg-binary" in have or LIBPQ and "psycopg" in have; '
    'print("" if own else "psycopg-binary==" + have["psycopg"] if "psycopg" in have else "DRIVER")'
)
"""The two parts of psycopg work together in one version alone."""

_INSTALL = r"""RUN --mount=type=cache,id=buildkit-pip-${PYTHON_BUILD}-${TARGETARCH},target=/cache/pip \
    --mount=type=secret,id=ca --mount=type=secret,id=pip.conf --mount=type=secret,id=netrc \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca SSL_CERT_FILE=/run/secrets/ca; fi \
    && if [ -s /run/secrets/pip.conf ]; then export PIP_CONFIG_FILE=/run/secrets/pip.conf; fi \
    && if [ -s /run/secrets/netrc ]; then export NETRC=/run/secrets/netrc; fi \
    && missing=$(/opt/venv/bin/python -c 'ASK') \
    && if [ -n "$missing" ]; then \
        python3 -m pip --python /opt/venv/bin/python install --no-compile --target /opt/driver "$missing" \
        && { /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/driver || true; } \
        && cd /opt/venv/lib/python3*/site-packages && echo /opt/driver > zz-buildkit-driver.pth \
        && find /opt -exec touch -h -d @315532800 {} +; fi
"""


def instructions(system: Iterable[str]) -> str:
    """Return the instruction that gives the gate a driver where the service has none.

    Args:
        system: the packages of the system in the runtime stage; with libpq among them, a plain psycopg is enough.
    """
    return _INSTALL.replace("ASK", question(system))


def question(system: Iterable[str]) -> str:
    """Return the program that prints what pip is to install for the gate; nothing where the service has all.

    The argument is that of `instructions`.
    """
    libpq = any(name.startswith("libpq") for name in system)
    found = installed_version("psycopg")
    driver = f"psycopg[binary]=={found}" if found else "psycopg[binary]>=3.1"
    return _ASK.replace("LIBPQ", str(libpq)).replace("DRIVER", driver)

"""The login of Amazon's registry: a password that it gives for the credentials of AWS, good for twelve hours."""

from __future__ import annotations

import base64
import binascii
import re

from buildkit.release.aws.amazon import Amazon, Refusal, worded

_HOST = re.compile(r"\d{12}\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)")


def region_of(host: str) -> str:
    """Return the region of a registry of Amazon's; empty for any other registry."""
    found = _HOST.fullmatch(host)
    return found["region"] if found else ""


def login(region: str) -> tuple[str, str]:
    """Return user and password for the registries of a region that these credentials may use.

    Raises:
        AccessError: there are no credentials, or they do not suffice.
        UndecidedError: AWS does not answer.
    """
    with worded():
        answer = Amazon(region).ask("ecr", "get_authorization_token")
        try:
            known = base64.b64decode(str(answer["authorizationData"][0]["authorizationToken"]), validate=True).decode()
        except (KeyError, IndexError, binascii.Error, UnicodeDecodeError):
            raise Refusal("ecr:GetAuthorizationToken", "NoToken", "it gives no token") from None
    user, _, password = known.partition(":")
    return user, password

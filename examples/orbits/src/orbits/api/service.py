"""Endpoints about the service itself."""

from importlib.metadata import version

from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from orbits.api.errors import UNAVAILABLE
from orbits.published import PublishedDataError, current

COMPILED = not __file__.endswith((".py", ".pyc"))
"""Whether this module runs as an extension module."""


class Health(HTTPEndpoint):
    """GET /health: whether the published data can be read."""

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Answer 200, or 503 with the reason; never asks the database."""
        try:
            published = current()
        except PublishedDataError as error:
            document = {"status": "unavailable", "message": str(error)}
            return JSONResponse(document, UNAVAILABLE)
        return JSONResponse(
            {
                "status": "ok",
                "generation": published.generation,
                "satellites": len(published.satellites),
            }
        )


class Version(HTTPEndpoint):
    """GET /version: what is running."""

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Answer the version of the package and whether it is compiled."""
        return JSONResponse({"version": version("orbits"), "compiled": COMPILED})

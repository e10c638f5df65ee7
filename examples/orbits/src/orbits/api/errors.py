"""Every error of the API is a JSON object with a `message`."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ExceptionHandler

from orbits.database import DatabaseUnavailableError
from orbits.published import PublishedDataError

BAD_REQUEST = 400
NOT_FOUND = 404
TOO_LARGE = 413
UNPROCESSABLE = 422
UNAVAILABLE = 503


def on_http_exception(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Answer what an endpoint, or Starlette itself, has refused."""
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"message": error.detail}, error.status_code, error.headers)


def on_unavailable(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Answer that the database or the published data is missing."""
    return JSONResponse({"message": str(error)}, UNAVAILABLE)


EXCEPTION_HANDLERS: Mapping[int | type[Exception], ExceptionHandler] = {
    HTTPException: on_http_exception,
    DatabaseUnavailableError: on_unavailable,
    PublishedDataError: on_unavailable,
}

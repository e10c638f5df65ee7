"""Endpoints over the database."""

import json

from anyio.from_thread import run
from sqlalchemy.exc import IntegrityError
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from orbits.api.errors import BAD_REQUEST, TOO_LARGE, UNPROCESSABLE
from orbits.api.query import whole_number_of
from orbits.database import session
from orbits.documents import Document
from orbits.observations import (
    GREATEST_NUMBER,
    Observation,
    ObservationError,
    insert_observation,
    list_observations,
    observation_from,
)

GREATEST_BODY = 65536
"""Most bytes of the body of a request."""

_CREATED = 201


class Observations(HTTPEndpoint):
    """GET and POST /observations."""

    def get(self, request: Request) -> Response:
        """Answer the newest first; the query may hold `satellite` and `limit`."""
        limit = whole_number_of(request, "limit", 100, least=1, greatest=1000)
        satellite = None
        if "satellite" in request.query_params:
            satellite = whole_number_of(request, "satellite", 1, least=1, greatest=GREATEST_NUMBER)
        with session() as opened:
            found = list_observations(opened, satellite=satellite, limit=limit)
        return JSONResponse({"observations": found})

    def post(self, request: Request) -> Response:
        """Store the observation of the body and answer it with its id."""
        try:
            observation = observation_from(_body_of(request))
        except ObservationError as error:
            raise HTTPException(UNPROCESSABLE, str(error)) from error
        return JSONResponse(_store(observation), _CREATED)


def _store(observation: Observation) -> Document:
    try:
        with session() as opened:
            return insert_observation(opened, observation)
    except IntegrityError as error:
        message = "the database refuses the observation: is its station there?"
        raise HTTPException(UNPROCESSABLE, message) from error


def _body_of(request: Request) -> object:
    """Return the JSON of the body, waiting for it on the event loop."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > GREATEST_BODY:
        raise HTTPException(TOO_LARGE, f"body: at most {GREATEST_BODY} bytes")
    body: bytes = run(request.body)
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(BAD_REQUEST, f"body: not JSON: {error}") from error
    return document

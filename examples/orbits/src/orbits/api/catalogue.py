"""Endpoints over the published data."""

from bisect import bisect_left, bisect_right

from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from orbits.api.errors import BAD_REQUEST, NOT_FOUND
from orbits.api.query import number_of, whole_number_of
from orbits.published import current
from orbits.stations import UnknownStationError, station_of_code

GREATEST_POINTS = 10000
"""Most points of a track in one answer."""

_GREATEST_NUMBER = 999_999_999


class Satellites(HTTPEndpoint):
    """GET /satellites: all of them, briefly."""

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Answer number, designator and epoch of each."""
        return JSONResponse({"satellites": current().satellites})


class Satellite(HTTPEndpoint):
    """GET /satellites/{number}: one of them in full."""

    def get(self, request: Request) -> Response:
        """Answer the elements and the figures."""
        number: int = request.path_params["number"]
        document = current().satellite(number)
        if document is None:
            raise _unknown_satellite(number)
        return JSONResponse(document)


class Track(HTTPEndpoint):
    """GET /satellites/{number}/track: where it stands over the Earth.

    The query may hold `start` and `stop` (seconds since the epoch) and `limit`.
    """

    def get(self, request: Request) -> Response:
        """Answer the points: seconds, degrees, km."""
        number: int = request.path_params["number"]
        start = number_of(request, "start", 0.0)
        stop = number_of(request, "stop", float("inf"))
        if stop < start:
            raise HTTPException(BAD_REQUEST, "stop: expected not less than start")
        limit = whole_number_of(request, "limit", GREATEST_POINTS, least=1, greatest=GREATEST_POINTS)
        points = current().track(number)
        if points is None:
            raise _unknown_satellite(number)
        moments = [point.seconds for point in points]
        chosen = points[bisect_left(moments, start) : bisect_right(moments, stop)]
        return JSONResponse(
            {
                "satellite": number,
                "more": len(chosen) > limit,
                "points": [
                    {
                        "seconds": point.seconds,
                        "latitude": round(point.latitude, 5),
                        "longitude": round(point.longitude, 5),
                        "altitude": round(point.altitude, 3),
                        "light": point.light.name.lower(),
                    }
                    for point in chosen[:limit]
                ],
            }
        )


class Passes(HTTPEndpoint):
    """GET /passes: filtered by `station` and `satellite` if the query has them."""

    def get(self, request: Request) -> Response:
        """Answer the passes by satellite, station and rise."""
        found = current().passes
        station = request.query_params.get("station")
        if station is not None:
            try:
                code = station_of_code(station).code
            except UnknownStationError as error:
                raise HTTPException(BAD_REQUEST, str(error)) from error
            found = [item for item in found if item["station"] == code]
        if "satellite" in request.query_params:
            number = whole_number_of(request, "satellite", 0, least=0, greatest=_GREATEST_NUMBER)
            found = [item for item in found if item["satellite"] == number]
        return JSONResponse({"passes": found})


class Stations(HTTPEndpoint):
    """GET /stations: all of them."""

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Answer codes, names and places."""
        return JSONResponse({"stations": current().stations})


class Statistics(HTTPEndpoint):
    """GET /statistics: the figures of the stage `aggregate`."""

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Answer all figures."""
        return JSONResponse(current().statistics)


def _unknown_satellite(number: int) -> HTTPException:
    return HTTPException(NOT_FOUND, f"satellite {number} is not published")

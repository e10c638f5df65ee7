"""The ASGI application: `uvicorn orbits.main:app`.

Importing this opens no file and no connection.
"""

from starlette.applications import Starlette
from starlette.routing import Route

from orbits.api.catalogue import (
    Passes,
    Satellite,
    Satellites,
    Stations,
    Statistics,
    Track,
)
from orbits.api.errors import EXCEPTION_HANDLERS
from orbits.api.observations import Observations
from orbits.api.service import Health, Version

app = Starlette(
    routes=[
        Route("/health", Health),
        Route("/version", Version),
        Route("/satellites", Satellites),
        Route("/satellites/{number:int}", Satellite),
        Route("/satellites/{number:int}/track", Track),
        Route("/passes", Passes),
        Route("/stations", Stations),
        Route("/statistics", Statistics),
        Route("/observations", Observations),
    ],
    exception_handlers=EXCEPTION_HANDLERS,
)

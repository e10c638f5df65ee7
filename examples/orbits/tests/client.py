"""A client of the service, made of the standard library."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen


@dataclass
class Answer:
    status: int
    content: Any


class Client:
    def __init__(self, address: str) -> None:
        self.address = address

    def get(self, path: str) -> Answer:
        return self._send(Request(self.address + path))

    def post(self, path: str, content: object) -> Answer:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self._send(Request(self.address + path, data=body, method="POST"))

    def _send(self, request: Request) -> Answer:
        try:
            with urlopen(request, timeout=10) as response:
                return Answer(response.status, json.load(response))
        except HTTPError as error:
            with error:
                return Answer(error.code, json.load(error))

"""An address that is held as the loop holds it, and servers of bytes behind it (see `held_address`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from held_address import Held, Peer


@pytest.fixture
def held() -> Iterator[Held]:
    """An address that is held, with nobody behind it."""
    from held_address import holding

    with holding() as found:
        yield found


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    """Makes servers of bytes."""
    from held_address import serving

    with serving() as make:
        yield make

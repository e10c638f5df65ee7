"""How much of an act that could go on for ever is done: a part that is the same each time, or at night all of it.

    python3 develop.py pytest --hypothesis-profile nightly

is the one switch: Hypothesis draws more inputs and other ones each time, and whatever sweeps (over points at which to
kill, bytes to harm, kinds of disk, sequences) takes each point. `brief` is for a look while one works.
"""

from __future__ import annotations

import logging

from hypothesis import HealthCheck, settings

# How long an input takes to draw or to try says how busy the machine is: no reason to fail.
settings.register_profile("usual", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", settings.get_profile("usual"), max_examples=1000)
settings.register_profile("brief", settings.get_profile("usual"), max_examples=20)
settings.load_profile("usual")

FIGURES = logging.getLogger("figures")
"""What a test counted: pytest --log-cli-level=INFO shows it."""

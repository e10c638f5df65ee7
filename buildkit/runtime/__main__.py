"""`python -m buildkit.runtime -- COMMAND…`, the entrypoint of an image."""

import os
import sys

from buildkit.runtime import signals

signals.end_children_first()  # before the other modules load: process 1 can be stopped from its first moment

from buildkit.runtime.entrypoint import main  # noqa: E402

sys.exit(main(sys.argv[1:], os.environ))

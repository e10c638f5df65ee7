# The Nox door of this repository: the sessions of the suite, for the reference service.
from buildkit.sessions import register

register()

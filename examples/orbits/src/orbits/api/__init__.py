"""The HTTP API.

Every endpoint is a class with a synchronous method per HTTP method. Starlette
tells a function from an ASGI application by `inspect.isfunction`, which is
false for a function compiled by Cython; a class it takes for what it is.
"""

"""Throw-away databases for the tests of a project: the fixture `buildkit_database_url`, and the program behind it.

plugin/buildkit_database   the fixture; pytest loads it in the Python of the tests, where the suite may be missing
__main__                   `python -m buildkit.testing PROJECT`: makes and drops them, in the Python of the suite
"""

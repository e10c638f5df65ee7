"""What there is to run: each benchmark with what it measures, its peers and about how long it takes on two cores."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A program of this folder.

    Args:
        name: the file without its ending.
        measures: what.
        peers: what it is compared with.
        length: about how long it takes on two cores.
    """

    name: str
    measures: str
    peers: str
    length: str


BENCHMARKS = (
    Benchmark("no_change", "a build in which nothing changed", "an empty Invoke task", "2 to 17 min"),
    Benchmark("edit", "one line edited, one .pxd edited", "cythonize, setuptools, ninja", "30 min"),
    Benchmark("cold", "docutils from nothing", "cythonize, setuptools, ninja, ccache", "90 min"),
    Benchmark("runtime_speed", "how fast the compiled code is", "cythonize", "30 min"),
    Benchmark("mypyc", "twenty modules of black with mypyc", "mypycify", "15 min"),
    Benchmark("scale", "sympy, cassandra or cytoolz", "cythonize", "30 min"),
    Benchmark("sameness", "what it costs that compiled code means the same", "Cython by itself, Python", "4 min"),
    Benchmark("same", "the own tests of public packages", "the packages as plain Python", "15 min to hours"),
    Benchmark("data", "the data gate, and a change of the data", "stat, sha256sum, b3sum", "10 min"),
    Benchmark("pieces", "one of a thousand inputs changed", "the whole stage, DVC", "10 min"),
    Benchmark(
        "dev", "what clients see while one saves", "uvicorn, granian and gunicorn --reload, watchfiles", "30 min"
    ),
    Benchmark("image", "one line until it lies in a registry", "docker build and push of a plain Dockerfile", "20 min"),
    Benchmark("story", "the reference's image: bytes, memory, start, stop", "one stage", "20 min"),
    Benchmark("memory_path", "a heavy service, and each way to take less memory", "itself as it was", "20 min"),
    Benchmark("rollouts", "how twelve rollouts to ECS end, as it is played here", "ecs-deploy", "some minutes"),
    Benchmark("migrate", "a migration at head and from nothing", "alembic upgrade head", "15 min"),
)

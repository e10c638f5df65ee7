"""Vectors of three floats; the unit is the caller's."""

from math import sqrt

Vector = tuple[float, float, float]


def dot(left: Vector, right: Vector) -> float:
    """Return the scalar product."""
    return left[0] * right[0] + left[1] * right[1] + left[2] * right[2]


def subtract(left: Vector, right: Vector) -> Vector:
    """Return `left` minus `right`."""
    return left[0] - right[0], left[1] - right[1], left[2] - right[2]


def length(vector: Vector) -> float:
    """Return the Euclidean norm."""
    return sqrt(dot(vector, vector))

# cython: boundscheck=False, wraparound=False, cdivision=True
"""Planets that attract each other: arithmetic on an array of structures."""

from libc.math cimport sqrt

cdef struct Body:
    double x, y, z, vx, vy, vz, mass


cdef void step(Body* bodies, int count, double dt) noexcept:
    cdef int i, j
    cdef double dx, dy, dz, square, pull
    for i in range(count):
        for j in range(i + 1, count):
            dx = bodies[i].x - bodies[j].x
            dy = bodies[i].y - bodies[j].y
            dz = bodies[i].z - bodies[j].z
            square = dx * dx + dy * dy + dz * dz + 0.01
            pull = dt / (square * sqrt(square))
            bodies[i].vx -= dx * bodies[j].mass * pull
            bodies[i].vy -= dy * bodies[j].mass * pull
            bodies[i].vz -= dz * bodies[j].mass * pull
            bodies[j].vx += dx * bodies[i].mass * pull
            bodies[j].vy += dy * bodies[i].mass * pull
            bodies[j].vz += dz * bodies[i].mass * pull
    for i in range(count):
        bodies[i].x += dt * bodies[i].vx
        bodies[i].y += dt * bodies[i].vy
        bodies[i].z += dt * bodies[i].vz


def run():
    cdef Body bodies[8]
    cdef int at
    for at in range(8):
        bodies[at] = Body(at * 1.5, at * at * 0.3, 7 - at, 0.1 * at, -0.05 * at, 0.02, 1.0 + at)
    for at in range(40000):
        step(bodies, 8, 0.001)
    return bodies[0].x

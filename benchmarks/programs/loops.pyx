# cython: boundscheck=False, wraparound=False
"""Loops over typed memoryviews: a product of matrices, a scaled sum, a sum over a column."""

from array import array


cdef void multiply(double[:, ::1] a, double[:, ::1] b, double[:, ::1] out) noexcept:
    cdef Py_ssize_t i, j, k
    cdef double factor
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            factor = a[i, k]
            for j in range(b.shape[1]):
                out[i, j] += factor * b[k, j]


cdef void scaled_sum(double factor, double[::1] x, double[::1] y) noexcept:
    cdef Py_ssize_t i
    for i in range(x.shape[0]):
        y[i] += factor * x[i]


cdef double strided(double[:, :] table, Py_ssize_t column) noexcept:
    cdef Py_ssize_t i
    cdef double total = 0.0
    for i in range(table.shape[0]):
        total += table[i, column]
    return total


def _square(size):
    return memoryview(array("d", [at % 7 * 0.5 for at in range(size * size)])).cast("B").cast("d", (size, size))


def matmul():
    a, b, out = _square(220), _square(220), _square(220)
    for _ in range(4):
        multiply(a, b, out)
    return out[3, 5]


def saxpy():
    x, y = array("d", range(2000)), array("d", range(2000))  # both in a core's own cache of 32 KB
    cdef int again
    cdef double[::1] xs = x, ys = y
    for again in range(20000):
        scaled_sum(1.0001, xs, ys)
    return y[100]


def column():
    table = _square(300)
    cdef double[:, :] view = table
    cdef double total = 0.0
    cdef Py_ssize_t again
    for again in range(60000):
        total += strided(view, again % 300)
    return total

"""Calls through the table of methods of cdef classes."""


cdef class Shape:
    cdef double size

    def __init__(self, double size):
        self.size = size

    cdef double area(self):
        return 0.0

    cdef double grown(self, double by):
        self.size += by
        return self.area()


cdef class Square(Shape):
    cdef double area(self):
        return self.size * self.size


cdef class Circle(Shape):
    cdef double area(self):
        return self.size * self.size * 3.141592653589793


def run():
    cdef list shapes = [Square(at) if at % 2 else Circle(at) for at in range(100)]
    cdef Shape shape
    cdef double total = 0.0
    cdef int again
    for again in range(5000):
        for shape in shapes:
            total += shape.grown(0.001)
    return total

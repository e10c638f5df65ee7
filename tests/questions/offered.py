"""What another module takes by a star."""

__all__ = ["sum_of_offered", "filter", "sorted"]
sum_of_offered = 11


def filter(*args):
    return "offered filter"


def sorted(values):
    return ("offered sorted", values)


def q_all():
    return __all__


def q_sorted():
    return sorted([2, 1])


def q_filter():
    return filter(1, 2)


def q_sum():
    return sum_of_offered, sum([sum_of_offered])

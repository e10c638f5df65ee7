"""What only Python 3.12 and later take: type parameters and `type` statements (PEP 695)."""

import inspect
import traceback

type Pair[A, B: (int, str)] = tuple[A, B]
type Simple = list[int]
if True: type Inline = str


def first[T](values: list[T]) -> T:
    return values[0]


def asks_for_its_parameter[T](x: T) -> tuple:
    return T, x


def fails[T: int](x):
    return x.missing


class Stack[T]:
    limit: int = 3

    def __init__(self) -> None:
        self.items = []

    def push[U](self, item: T, more: U) -> tuple[T, U]:
        self.items.append(item)
        return item, more

    def size(self):
        return len(self.items)

    @classmethod
    def make(cls):
        return cls()


class Many[
    A,
    *Ts,  # a comment
    **P,
](Stack[A]):
    def size(self):
        return "many", super().size()


def q_functions():
    return first([3]), first.__type_params__, asks_for_its_parameter(1), inspect.signature(first), first.__annotations__


def q_classes():
    stack = Stack[int]()
    return stack.push(1, 2), stack.size(), Stack.__type_params__, Stack.push.__type_params__, Stack.__orig_bases__


def q_parameters_over_several_lines():
    return Many.make().size(), Many.__type_params__, Many.__orig_bases__


def q_in_a_function():
    x = 2

    def made[T](y: T) -> T:
        return y + x

    class Box[T]:
        value = x

        def get(self):
            return self.value, x

    return made(1), made.__type_params__, Box[int]().get(), Box.__type_params__


def q_aliases():
    type Local = int
    return Local.__value__, Pair.__type_params__[1].__constraints__, Simple.__value__, Inline.__value__


def q_type_is_a_name_too():
    type = 3
    type_, match = type, [type]
    return type_, match[0]


def q_a_traceback():
    try:
        fails(1)
    except AttributeError as error:
        return [(each.name, each.lineno) for each in traceback.extract_tb(error.__traceback__)[1:]]

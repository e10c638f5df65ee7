"""Small programs that a generator found (`tests/programs`), at which C, or Cython, did something else."""

import traceback

NOTES = []


def note(name, value=None):
    NOTES.append(name)
    return value


def noted(function):
    NOTES.clear()
    try:
        result = function()
    except Exception as error:
        result = repr(error)
    return result, [*NOTES]


class Asked:
    """Notes what is asked of it."""

    def __iter__(self):
        return iter(note("iter", (1, 2)))

    def keys(self):
        return note("keys", ["k"])

    def __getitem__(self, at):
        return note(f"[{at}]", 3)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return note(f".{name}", lambda *args, **named: (args, named))

    def known(self, *args, **named):
        return args, named


def takes(*args, **named):
    return args, named


# What is behind `*` alone is taken apart when the keywords are known.


def q_a_star_is_taken_apart_after_the_keywords():
    return noted(lambda: takes(*Asked(), **Asked())), noted(lambda: takes(*Asked(), k=note("k")))


def q_a_star_beside_another_is_taken_apart_at_once():
    return noted(lambda: takes(0, *Asked(), **Asked())), noted(lambda: takes(0, *Asked(), k=note("k")))


def q_two_wrong_stars():
    return noted(lambda: takes(*len, **5)), noted(lambda: takes(0, *len, **5))


def q_a_star_in_a_call_that_has_a_frame():
    import warnings

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        warnings.warn(*("words",), **{"stacklevel": 1})
    return str(heard[0].message), heard[0].lineno > 1


# A method is looked up before the arguments of its call, also of one with keywords.


def q_a_method_comes_before_keywords():
    asked = Asked()
    return [
        noted(lambda: asked.at(note("a"), k=note("b"), j=note("c"))),
        noted(lambda: asked.known(note("a"), k=note("b"))),
        noted(lambda: asked.at(*note("a", (1,)), k=note("b"))),
        noted(lambda: asked.at(**note("a", {}))),
        noted(lambda: None.at(k=note("b"))),
    ]


def q_a_method_of_a_text_comes_before_keywords():
    return noted(lambda: "{k}".format(k=note("a", 1))), noted(lambda: "".nope(k=note("a", 1)))


def q_a_method_of_a_list_with_keywords():
    numbers = [3, 1, 2]
    numbers.sort(key=lambda each: -each, reverse=note("r", False))
    return numbers


# A display behind `**` is one thing.


def q_a_display_of_odd_keys_behind_two_stars():
    return noted(lambda: takes(**{1: 1, True: 2, 1.0: 3})), noted(lambda: Asked()(**{1: 1, True: 2}))


def q_a_display_that_names_a_keyword_again():
    return [
        noted(lambda: takes(a=1, **{"a": 2})),
        noted(lambda: takes(**{"a": 1}, **{"a": 2})),
        noted(lambda: takes(**{"a": note("x"), "b": note("y")}, c=note("z"))),
        noted(lambda: takes(**Asked(), **{"k": 2})),
    ]


# `finally` behind more than one that a jump leaves


def between(jump):
    for _ in range(2):
        try:
            try:
                if jump:
                    continue
            finally:
                note("inner")
            late = 1
        finally:
            note(late)


def out_of_with(jump):
    while True:
        try:
            with open(__file__, "rb"):
                if jump:
                    break
            late = 1
        finally:
            note(late)


def out_of_handler(jump):
    for _ in range(2):
        try:
            try:
                raise ValueError
            except ValueError as error:
                if jump:
                    continue
            late = 1
        finally:
            note(late)


def returned(jump):
    try:
        with open(__file__, "rb"):
            with open(__file__, "rb"):
                if jump:
                    return 1
        late = 1
    finally:
        late = [late]
    return late


def after_a_jump():
    while True:
        try:
            with open(__file__, "rb"):
                continue
            late = 1
        finally:
            late += 1


def q_names_in_finally_that_a_continue_comes_to():
    return noted(lambda: between(True)), noted(lambda: between(False))


def q_names_in_finally_that_a_break_comes_to():
    return noted(lambda: out_of_with(True))


def q_names_in_finally_that_a_handler_leaves_for():
    return noted(lambda: out_of_handler(True)), noted(lambda: out_of_handler(False))


def q_names_in_finally_that_a_return_comes_to():
    return noted(lambda: returned(True)), noted(lambda: returned(False))


def q_names_in_finally_of_what_is_never_come_to():
    return noted(after_a_jump)


# An `except` that names no error


def names_no_error():
    try:
        missing
    except getattr:
        pass


def q_the_traceback_of_what_a_wrong_except_was_to_catch():
    try:
        names_no_error()
    except TypeError as error:
        steps = traceback.extract_tb(error.__context__.__traceback__)
        return repr(error.__context__), [(step.name, step.line) for step in steps]


# What Cython refused, or died of


def q_a_builtin_that_is_no_class_is_subscripted():
    return noted(lambda: len[4].nope), noted(lambda: {}[len[0].at])


def called_behind_a_raise():
    try:
        raise ZeroDivisionError
    finally:
        try:
            note("try")
        except KeyError as error:

            def inner(given=error):
                return error

            inner()


def q_a_local_function_is_called_where_control_never_comes():
    return noted(called_behind_a_raise)


def walks(value):
    wrong = yield value
    try:
        raise wrong
    finally:
        yield 2


def q_no_exception_is_raised_in_a_generator():
    def ask():
        walk = walks(1)
        return next(walk), walk.send(object), next(walk)

    return noted(ask)


# The targets of a loop over `enumerate`


def stops_at(rows):
    try:
        for at, (first, second) in enumerate(rows):
            note((at, first, second))
    except (TypeError, ValueError) as error:
        return at, repr(error)


def q_the_counter_is_known_where_a_row_cannot_be_taken_apart():
    return noted(lambda: stops_at([(1, 2), (3,)])), noted(lambda: stops_at([(1, 2), 3]))


def q_one_name_for_the_counter_and_the_item():
    for each, each in enumerate("ab"):
        note(each)
    return each


def q_the_counter_says_where_the_item_goes():
    letters = [0] * 3
    for at, letters[at] in enumerate("abc"):
        pass
    return letters


def q_targets_of_enumerate_in_comprehensions():
    rows = [(1, 2), (3, 4)]
    return (
        [(at, first) for at, (first, _) in enumerate(rows)],
        {at: rest for at, (_, *rest) in enumerate(rows, 5)},
        [each() for each in [lambda: (at, first) for at, (first, _) in enumerate(rows)]],
        list((at, first) for at, (first, _) in enumerate(rows)),
    )


def q_odd_targets_of_enumerate():
    box = [0, 0]
    for box[0], (first, second) in enumerate([(1, 2)], 7):
        pass
    for at, *rest in enumerate("a"):
        pass

    def wrong():
        for (at, rest), item in enumerate("a"):
            pass

    return box, first, second, at, rest, noted(wrong)


# Bytes are numbers


def q_bytes_are_iterated_as_numbers():
    seen = []
    for each in b"ab":
        seen.append(each)
    return seen, [each for each in b"ab"], {each for each in b"ab"}, [*reversed(b"ab")], [*enumerate(b"ab", 1)]


def q_bytes_that_are_made_are_iterated_as_numbers():
    return [each for each in bytes(b"ab")], [each for each in bytearray(b"ab")], [*reversed(bytes([1, 2]))]


def q_bytes_of_two_are_iterated_as_numbers(none=b""):
    return [each for each in b"ab" or none], [each for each in none or b"ab"], [each for each in b"a" * 2 + b"c"]


def takes_bytes_apart():
    for first, (second, *rest) in bytearray(b"ab"):
        pass


def q_bytes_are_taken_apart():
    return noted(takes_bytes_apart), noted(lambda: [first for first, second in b"ab"])


def q_what_is_no_byte_in_bytes():
    return noted(lambda: -1 in bytes(3)), noted(lambda: 300 in bytearray(3)), noted(lambda: 0 in bytes(3))


# A truth is no number


class Kept:
    def __getitem__(self, at):
        return at

    def __setitem__(self, at, value):
        note(at)

    def __delitem__(self, at):
        note(at)


def q_a_truth_as_a_subscript(one=1):
    kept = Kept()
    kept[True] = 1
    kept[one == 1] += 0
    del kept[False]
    return [*NOTES[-3:]], kept[True], kept[not one], kept[isinstance(one, int)], kept[one == 1], [1, 2][True]


def q_a_truth_that_is_no_key():
    return noted(lambda: {}[True]), noted(lambda: {}[False])


# Builtins as values


def q_a_builtin_as_a_condition(one=1):
    said = [abs if one else len, one and len or abs, one or len, len and one, not len, not one or hash]
    while len:
        break
    if abs:
        said.append("if")
    assert repr, one
    return said


def q_a_builtin_is_compared(one=1):
    return len == one, one == len, len != abs == one, noted(lambda: one < len), noted(lambda: -len), noted(lambda: len**2)


# Displays of nothing, and of numbers


class Repeats:
    def __rmul__(self, other):
        return "repeats", other


def q_nothing_is_repeated():
    return [noted(lambda: [] * other) for other in (2, "a", None, 1.5, Repeats(), 2**70)], noted(lambda: () * missing)


def q_displays_of_numbers_in_conditions(one=1):
    first, second = (1, 2) if one else (3, (4, 5))
    while one and (1, (2, 3)):
        break
    return first, second, (1, 2) or one, ((1, 2) if not one else 3), (one and (1, (2, 3)))


def q_displays_of_another_length(one=1):
    def wrong():
        first, second, third = (1, 2) if one else ()

    return noted(wrong)


def q_errors_with_a_star():
    try:
        None.x
    except (*(ValueError, KeyError), AttributeError) as error:
        return repr(error)


def q_an_annotation_with_stars():
    def made(given) -> takes(*(1,), **{str("a"): 2}):
        pass

    return str(made.__annotations__)


# Lists that are being sorted, generators in handlers


def popped_while_sorted():
    letters = ["a", "b"]
    letters.sort(key=lambda each: letters.pop())


def q_a_list_is_emptied_while_it_is_sorted():
    return noted(popped_while_sorted)


def stops_at_once():
    raise StopIteration
    yield


def q_a_generator_raises_the_end_while_an_error_is_handled():
    try:
        try:
            missing
        finally:
            next(stops_at_once())
    except RuntimeError as error:
        return repr(error.__context__), error.__context__ is error.__cause__


# What consumes a generator expression is not the generator


def steps_of(function):
    try:
        return function()
    except Exception as error:
        return repr(error), [step.name for step in traceback.extract_tb(error.__traceback__)[1:]]


def makes_a_set():
    return set(each for each in [[1], [2]])


def goes_through_a_text():
    return any(each == "1" for each in f"{missing}")


def goes_through_a_set():
    return list(each for each in {missing, 1})


def goes_through_what_it_makes():
    return any(each for each in set(missing))


class Undecided:
    def __bool__(self):
        raise ValueError("undecided")


def asks_over_lines():
    return all(
        each
        for each in [Undecided()]
    )


def q_where_a_set_refuses_a_value():
    return steps_of(makes_a_set), set(each for each in "ab") == {"a", "b"}


def q_where_what_is_gone_through_has_no_value():
    return steps_of(goes_through_a_text), steps_of(goes_through_a_set), steps_of(goes_through_what_it_makes)


def q_the_line_of_what_asks():
    try:
        asks_over_lines()
    except ValueError as error:
        first = asks_over_lines.__code__.co_firstlineno
        return [step.lineno - first for step in traceback.extract_tb(error.__traceback__)[1:]]


# `super` may be another one


class Base:
    def __init__(self):
        self.made = True


class Shadows(Base):
    def by_class(self):
        class super:
            said = "by class"

        return super().said

    def by_parameter(self, super=lambda: "by parameter"):
        return super()

    def shared(self):
        def inner():
            return super()

        super = lambda: "shared"  # noqa: E731
        return super(), inner()

    def by_module(self):
        return super()


def q_super_of_the_function():
    return Shadows().by_class(), Shadows().by_parameter(), Shadows().shared()


def q_super_of_the_module():
    globals()["super"] = lambda *args: ("by module", args)
    try:
        return Shadows().by_module()
    finally:
        del globals()["super"]


# The target of a `with`


class Gives:
    def __enter__(self):
        return 5

    def __exit__(self, *error):
        note(error[0])
        return True


def q_a_comprehension_in_the_target_of_a_with(keys=(1, 2)):
    kept = {}
    with Gives() as kept[[key for key in keys][0]], Gives() as kept[sum(key for key in keys)]:
        note(dict(kept))
    with Gives() as kept[[key.nope for key in keys][0]]:
        note("never")
    return kept, [*NOTES[-4:]]


def q_an_imaginary_number_without_end():
    return 1e1000j, -1e1000j


def q_next_comes_to_the_end_while_an_error_is_handled():
    try:
        try:
            missing
        except NameError:
            next(iter(()))
    except StopIteration as error:
        return repr(error.__context__)


def q_a_display_in_a_display_is_made_at_once():
    return [
        noted(lambda: {**{1: 2}, "z": note("z"), **{note("k", []): note("v"), note("l", 1): note("w")}}),
        noted(lambda: {**{note("k", 1): note("v"), note("l", 1): note("w", 3)}, "a": 1, note("m", "a"): 2}),
        noted(lambda: {"a": note("a"), **{"b": note("b"), "a": note("c", 5)}, **{}}),
    ]


# Special methods by name


class Delegates:
    def __init__(self, kept):
        self.kept = kept

    def __eq__(self, other):
        return self.kept.__eq__(1)


def q_special_methods_that_do_not_know_the_other(text="a", number=1, nothing=None):
    return [
        text.__eq__(1),
        nothing.__ne__(0),
        nothing.__eq__(0),
        number.__eq__(1.5),
        number.__add__(1.5),
        number.__rshift__(1.5),
        "a".__eq__(1),
        {}.__eq__(1),
        object().__eq__(1),
        Delegates("a").__eq__(2),
        Delegates("a") == 2,
    ]


def q_special_methods_that_are_not_there(text="a"):
    return noted(lambda: text.__sub__(1)), noted(lambda: text.__add__(1)), noted(lambda: [].__and__(2))


class MakesNone(Exception):
    def __new__(cls):
        return None


def q_a_cause_that_is_no_exception():
    import sys

    if sys.version_info < (3, 13):
        return None
    try:
        raise IndexError from MakesNone
    except TypeError as error:
        return str(error)

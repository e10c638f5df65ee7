"""What goes wrong, in which words: operations on values that cannot do them."""


def said(function, *args, **named):
    try:
        return function(*args, **named)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


class Bare:
    pass


class Slotted:
    __slots__ = ("a",)


VALUES = [None, 1, 2.5, "ab", b"ab", [1], (1,), {"a": 1}, {1}, Bare, Bare(), len, range(3), ...]


def subscripted(x):
    return x[0]


def subscripted_far(x):
    return x[99]


def subscripted_by_text(x):
    return x["a"]


def subscripted_by_none(x):
    return x[None]


def subscripted_by_variable(x, at=5):
    return x[at]


def subscripted_negative(x):
    return x[-7]


def sliced(x):
    return x[1:]


def sliced_by_text(x):
    return x["a":"b"]


def stored(x):
    x[0] = 5


def stored_far(x):
    x[99] = 5


def stored_by_text(x):
    x["a"] = 5


def stored_slice(x):
    x[1:2] = 5


def deleted(x):
    del x[0]


def deleted_far(x):
    del x[99]


def deleted_slice(x):
    del x[1:]


def attribute(x):
    return x.missing


def attribute_called(x):
    return x.missing(1)


def attribute_set(x):
    x.missing = 1


def attribute_deleted(x):
    del x.missing


def called(x):
    return x()


def called_with(x):
    return x(1, 2, 3, 4)


def called_by_name(x):
    return x(wrong=1)


def iterated(x):
    for y in x:
        pass
    return "ok"


def unpacked(x):
    a, b, c = x
    return a


def unpacked_star(x):
    a, b, c, *d = x
    return a


def unpacked_display(x):
    return [*x]


def unpacked_tuple(x):
    return (*x, 1)


def unpacked_set(x):
    return {*x}


def unpacked_dict(x):
    return {**x}


def star_args(x):
    return print(*x, sep="", end="", file=None) if x is None else said(max, *x)


def double_star_args(x):
    return dict(**x)


def double_star_after(x):
    return dict(a=1, **x)


def contained(x):
    return "a" in x


def length(x):
    return len(x)


def negated(x):
    return -x


def entered(x):
    with x:
        return "entered"


def raised(x):
    raise x


def raised_from(x):
    raise ValueError("a") from x


def caught(x):
    try:
        raise ValueError("a")
    except x:
        return "caught"


def iterator(x):
    return type(iter(x)).__name__


def following(x):
    return next(x)


def enumerated(x):
    return [pair for pair in enumerate(x)]


def zipped(x):
    return [pair for pair in zip(x, x)]


def ranged(x):
    return [y for y in range(x)]


def looped_range(x):
    for y in range(x):
        pass
    return "ok"


def looped_range_step(x):
    for y in range(0, 5, x):
        pass
    return "ok"


def summed(x):
    return sum(x)


def as_list(x):
    return list(x)


def as_tuple(x):
    return tuple(x)


def as_set(x):
    return sorted(set(x))


def as_dict(x):
    return dict(x)


def as_bytes(x):
    return bytes(x)


def as_int(x):
    return int(x)


def instance_of(x):
    return isinstance(1, x)


def subclass_of(x):
    return issubclass(x, int)


def subclass_by(x):
    return issubclass(int, x)


def got(x):
    return getattr(x, "missing")


def got_by(x):
    return getattr(1, x)


def was_set(x):
    return setattr(x, "real", 1)


def was_deleted(x):
    return delattr(x, "real")


def has(x):
    return hasattr(1, x)


def hashed(x):
    hash(x)
    return "hashed"


def absolute(x):
    return abs(x)


def joined(x):
    return "-".join(x)


def as_key(x):
    return {x: 1}[x]


def as_member(x):
    return x in {1, 2}


def as_member_of_dict(x):
    return x in {"q": 2}


def compared(x):
    return x < x


def reverse(x):
    return [y for y in reversed(x)]


def in_order(x):
    return sorted(x)


def in_order_by(x):
    return sorted([1, 2], key=x)


def smallest(x):
    return min(x)


def smallest_of_two(x):
    return min(x, "ab")


def all_of(x):
    return all(x), any(x)


def sliced_with(x):
    return [1, 2, 3][x:]


def extended(x):
    found = []
    found += x
    return found


def extended_by_call(x):
    found = []
    found.extend(x)
    return found


def comprehended(x):
    return [y for y in x]


def comprehended_dict(x):
    return {y: 1 for y in x}


def comprehended_pairs(x):
    return {a: b for a, b in x}


def looped_items(x):
    return [key for key, value in x.items()]


def looped_keys(x):
    for key in x.keys():
        return key


def looped_values(x):
    for value in x.values():
        return value


def appended(x):
    x.append(5)


def popped(x):
    return x.pop()


def popped_at(x):
    return x.pop(9)


def popped_key(x):
    return x.pop("zz")


def got_key(x):
    return x.get("zz", 5)


def set_default(x):
    return x.setdefault("zz", 5)


def updated(x):
    x.update(5)


def sort(x):
    x.sort()


def split(x):
    return x.split(1)


def encoded(x):
    return x.encode("nope")


def formatted(x):
    return f"{x:>5d}"


def asserted(x):
    assert not x, x
    return "passed"


def fresh(value):
    return value.copy() if isinstance(value, (list, dict, set)) else value


def told(function):
    import re

    found = []
    for value in VALUES:
        text = said(function, fresh(value))
        found.append(re.sub(r" at 0x[0-9a-f]+", "", f"{text}"))
    return found


def q_subscripted():
    return told(subscripted)


def q_subscripted_far():
    return told(subscripted_far)


def q_subscripted_by_text():
    return told(subscripted_by_text)


def q_subscripted_by_none():
    return told(subscripted_by_none)


def q_subscripted_by_variable():
    return told(subscripted_by_variable)


def q_subscripted_negative():
    return told(subscripted_negative)


def q_sliced():
    return told(sliced)


def q_sliced_by_text():
    return told(sliced_by_text)


def q_stored():
    return told(stored)


def q_stored_far():
    return told(stored_far)


def q_stored_by_text():
    return told(stored_by_text)


def q_stored_slice():
    return told(stored_slice)


def q_deleted():
    return told(deleted)


def q_deleted_far():
    return told(deleted_far)


def q_deleted_slice():
    return told(deleted_slice)


def q_attribute():
    return told(attribute)


def q_attribute_called():
    return told(attribute_called)


def q_attribute_set():
    return told(attribute_set)


def q_attribute_deleted():
    return told(attribute_deleted)


def q_called():
    return told(called)


def q_called_with():
    return told(called_with)


def q_called_by_name():
    return told(called_by_name)


def q_iterated():
    return told(iterated)


def q_unpacked():
    return told(unpacked)


def q_unpacked_star():
    return told(unpacked_star)


def q_unpacked_display():
    return told(unpacked_display)


def q_unpacked_tuple():
    return told(unpacked_tuple)


def q_unpacked_set():
    return told(unpacked_set)


def q_unpacked_dict():
    return told(unpacked_dict)


def q_star_args():
    return told(star_args)


def q_double_star_args():
    return told(double_star_args)


def q_double_star_after():
    return told(double_star_after)


def q_contained():
    return told(contained)


def q_length():
    return told(length)


def q_negated():
    return told(negated)


def q_entered():
    return told(entered)


def q_raised():
    return told(raised)


def q_raised_from():
    return told(raised_from)


def q_caught():
    return told(caught)


def q_iterator():
    return told(iterator)


def q_following():
    return told(following)


def q_enumerated():
    return told(enumerated)


def q_zipped():
    return told(zipped)


def q_ranged():
    return told(ranged)


def q_looped_range():
    return told(looped_range)


def q_looped_range_step():
    return told(looped_range_step)


def q_summed():
    return told(summed)


def q_as_list():
    return told(as_list)


def q_as_tuple():
    return told(as_tuple)


def q_as_set():
    return told(as_set)


def q_as_dict():
    return told(as_dict)


def q_as_bytes():
    return told(as_bytes)


def q_as_int():
    return told(as_int)


def q_instance_of():
    return told(instance_of)


def q_subclass_of():
    return told(subclass_of)


def q_subclass_by():
    return told(subclass_by)


def q_got():
    return told(got)


def q_got_by():
    return told(got_by)


def q_was_set():
    return told(was_set)


def q_was_deleted():
    return told(was_deleted)


def q_has():
    return told(has)


def q_hashed():
    return told(hashed)


def q_absolute():
    return told(absolute)


def q_joined():
    return told(joined)


def q_as_key():
    return told(as_key)


def q_as_member():
    return told(as_member)


def q_as_member_of_dict():
    return told(as_member_of_dict)


def q_compared():
    return told(compared)


def q_reverse():
    return told(reverse)


def q_in_order():
    return told(in_order)


def q_in_order_by():
    return told(in_order_by)


def q_smallest():
    return told(smallest)


def q_smallest_of_two():
    return told(smallest_of_two)


def q_all_of():
    return told(all_of)


def q_sliced_with():
    return told(sliced_with)


def q_extended():
    return told(extended)


def q_extended_by_call():
    return told(extended_by_call)


def q_comprehended():
    return told(comprehended)


def q_comprehended_dict():
    return told(comprehended_dict)


def q_comprehended_pairs():
    return told(comprehended_pairs)


def q_looped_items():
    return told(looped_items)


def q_looped_keys():
    return told(looped_keys)


def q_looped_values():
    return told(looped_values)


def q_appended():
    return told(appended)


def q_popped():
    return told(popped)


def q_popped_at():
    return told(popped_at)


def q_popped_key():
    return told(popped_key)


def q_got_key():
    return told(got_key)


def q_set_default():
    return told(set_default)


def q_updated():
    return told(updated)


def q_sort():
    return told(sort)


def q_split():
    return told(split)


def q_encoded():
    return told(encoded)


def q_formatted():
    return told(formatted)


def q_asserted():
    return told(asserted)


def q_a_name_error_has_its_name():
    told = []
    for wrong in (lambda: bluch, lambda: None.bluch, lambda: type("X", (), {"__getattr__": fails_to_get})().bluch):
        try:
            wrong()
        except (NameError, AttributeError) as e:
            told.append((type(e).__name__, e.name, str(e)))
    return told


def fails_to_get(self, name):
    raise AttributeError


def q_an_assert_raises_its_own_error():
    global AssertionError
    AssertionError = TypeError
    try:
        assert False, "hello"
    except BaseException as e:
        return type(e).__name__, type(e) is AssertionError, str(e)
    finally:
        del AssertionError


def q_asserts():
    told = []
    for value in ("text", (1, 2), None, KeyError("k")):
        try:
            assert not told is told, value
        except AssertionError as e:
            told.append(e.args)
    try:
        assert []
    except AssertionError as e:
        return told, e.args


def q_what_a_generator_handles():
    import sys

    def g():
        try:
            raise ValueError
        except ValueError:
            yield 1
        yield sys.exc_info()

    it = g()
    try:
        raise IndexError
    except IndexError:
        next(it)
    return next(it)

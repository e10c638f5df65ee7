"""Where control goes: loops, `try`, `finally`, `return`, `with`, and what errors know of each other."""


def said(function, *args):
    try:
        return function(*args)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


def chain(error):
    """Return what an error knows of those before it."""
    found = []
    while error is not None:
        found.append((type(error).__name__, str(error), error.__suppress_context__, type(error.__cause__).__name__))
        error = error.__context__
    return found


def chained(function, *args):
    try:
        return function(*args)
    except BaseException as error:
        return chain(error)


class Manager:
    def __init__(self, swallows=False, fails=None, enters=None):
        self.swallows, self.fails, self.enters, self.seen = swallows, fails, enters, []

    def __enter__(self):
        self.seen.append("enter")
        if self.enters:
            raise self.enters
        return self

    def __exit__(self, kind, value, trace):
        self.seen.append((kind and kind.__name__, str(value), trace is not None))
        if self.fails:
            raise self.fails
        return self.swallows


def return_in_finally():
    try:
        raise ValueError("lost")
    finally:
        return "finally"


def return_over_return():
    try:
        return "try"
    finally:
        return "finally"


def value_before_finally():
    x = 1
    try:
        return x
    finally:
        x = 2


def list_before_finally():
    x = [1]
    try:
        return x
    finally:
        x.append(2)


def break_in_finally():
    for i in range(3):
        try:
            raise ValueError("lost")
        finally:
            break
    return i


def continue_in_finally():
    found = []
    for i in range(3):
        try:
            found.append(i)
            if i == 1:
                raise ValueError("lost")
        finally:
            continue
    return found


def continue_in_try():
    found = []
    for i in range(4):
        try:
            if i % 2:
                continue
            found.append(i)
        finally:
            found.append(("finally", i))
    else:
        found.append("else")
    return found


def break_in_try():
    found = []
    while True:
        try:
            found.append(1)
            break
        except ValueError:
            found.append("no")
        else:
            found.append("else")
        finally:
            found.append("finally")
    else:
        found.append("while else")
    return found


def return_in_loop_in_try():
    for i in (1, 2, 3):
        try:
            for j in (4, 5):
                try:
                    if j == 5:
                        return i, j
                finally:
                    last = (i, j)
        finally:
            i = 100
    return last


def else_of_try():
    found = []
    try:
        found.append("try")
    except ValueError:
        found.append("except")
    else:
        found.append("else")
        try:
            raise KeyError("inner")
        except KeyError as error:
            found.append(repr(error))
    finally:
        found.append("finally")
    return found


def raised_in_else():
    try:
        pass
    except ValueError:
        return "caught"
    else:
        raise ValueError("from else")


def raised_in_except():
    try:
        raise ValueError("first")
    except ValueError:
        raise KeyError("second")


def raised_in_finally():
    try:
        raise ValueError("first")
    finally:
        raise KeyError("second")


def raised_from():
    try:
        raise ValueError("first")
    except ValueError as error:
        raise KeyError("second") from error


def raised_from_none():
    try:
        raise ValueError("first")
    except ValueError:
        raise KeyError("second") from None


def raised_from_class():
    raise KeyError("second") from ValueError


def raised_again():
    try:
        raise ValueError("first")
    except ValueError:
        raise


def raised_again_by_name():
    try:
        raise ValueError("first")
    except ValueError as error:
        try:
            raise KeyError("between")
        except KeyError:
            raise error


def raised_again_after_another():
    try:
        raise ValueError("first")
    except ValueError:
        try:
            raise KeyError("between")
        except KeyError:
            pass
        raise


def raise_of_nothing():
    raise


def raise_of_nothing_in_called():
    try:
        raise ValueError("of the caller")
    except ValueError:
        raise_of_nothing()


def raised_class():
    raise ValueError


def raised_class_that_fails():
    class Failing(Exception):
        def __init__(self):
            raise KeyError("in init")

    raise Failing


def three_deep():
    try:
        try:
            try:
                raise ValueError("one")
            except ValueError:
                raise KeyError("two")
        except KeyError:
            raise TypeError("three")
    finally:
        x = 1 / 0


def context_ends():
    try:
        raise ValueError("one")
    except ValueError:
        pass
    raise KeyError("two")


def context_in_called():
    try:
        raise ValueError("one")
    except ValueError:
        raised_class()


def context_of_pattern():
    try:
        raise ValueError("one")
    except missing_name:
        pass


def context_of_wrong_pattern():
    try:
        raise ValueError("one")
    except 5:
        pass


def context_of_implicit():
    try:
        [][1]
    except IndexError:
        {}["key"]


def context_in_loop():
    found = []
    for i in range(3):
        try:
            raise ValueError(i)
        except ValueError as error:
            found.append(error.__context__)
    return found


def context_of_finally_return():
    import sys

    try:
        raise ValueError("one")
    except ValueError:
        try:
            return sys.exc_info()[0].__name__
        finally:
            found = sys.exc_info()[0].__name__
            if found != "ValueError":
                return found


def exc_info_after():
    import sys

    found = [sys.exc_info()[0]]
    try:
        raise ValueError("one")
    except ValueError:
        found.append(sys.exc_info()[0])
        try:
            raise KeyError("two")
        except KeyError:
            found.append(sys.exc_info()[0])
        found.append(sys.exc_info()[0])
    found.append(sys.exc_info()[0])
    return found


def name_deleted():
    try:
        raise ValueError("one")
    except ValueError as error:
        pass
    return error


def name_deleted_over_old():
    error = "old"
    try:
        raise ValueError("one")
    except ValueError as error:
        error = "new"
    return error


def name_deleted_in_handler():
    try:
        raise ValueError("one")
    except ValueError as error:
        del error
    return "fine"


def name_kept_without_error():
    error = "old"
    try:
        pass
    except ValueError as error:
        pass
    return error


def name_of_global():
    global shared
    try:
        raise ValueError("one")
    except ValueError as shared:
        pass
    return "shared" in globals()


def caught_tuple():
    try:
        raise KeyError("k")
    except (ValueError, (TypeError, KeyError)):
        return "nested"


def caught_flat_tuple():
    kinds = (ValueError, KeyError)
    try:
        raise KeyError("k")
    except kinds as error:
        return repr(error)


def caught_base():
    try:
        raise KeyboardInterrupt
    except Exception:
        return "exception"
    except BaseException as error:
        return type(error).__name__


def caught_all():
    try:
        raise GeneratorExit
    except:
        return "all"


def caught_subclass():
    class Mine(KeyError):
        pass

    try:
        raise Mine("m")
    except LookupError as error:
        return str(error), error.args


def order_of_handlers():
    try:
        raise KeyError("k")
    except LookupError:
        return "lookup"
    except KeyError:
        return "key"


def with_swallowing():
    manager = Manager(swallows=True)
    with manager:
        raise ValueError("swallowed")
    return manager.seen


def with_not_swallowing():
    manager = Manager()
    try:
        with manager:
            raise ValueError("shown")
    except ValueError as error:
        return manager.seen, chain(error)


def with_failing_exit():
    manager = Manager(fails=KeyError("exit"))
    with manager:
        raise ValueError("body")


def with_failing_exit_alone():
    with Manager(fails=KeyError("exit")):
        pass


def with_failing_enter():
    manager = Manager(enters=KeyError("enter"))
    try:
        with manager:
            return "body"
    except KeyError:
        return manager.seen


def with_return():
    manager = Manager()
    with manager:
        return manager.seen
    return "after"


def with_break():
    found = []
    for i in range(3):
        manager = Manager()
        with manager:
            if i == 1:
                break
            continue
    return i, manager.seen


def with_return_swallowed():
    def inner(manager):
        with manager:
            raise ValueError("q")
        return "after"

    return inner(Manager(swallows=True))


def with_two():
    first, second = Manager(swallows=True), Manager(fails=KeyError("second"))
    with first as a, second as b:
        raise ValueError("body")
    return first.seen, second.seen


def with_exit_seen():
    manager = Manager()
    with manager as found:
        found.seen.append("body")
        found = 5
    return manager.seen, found


def with_attribute_target():
    manager = Manager()
    with manager as manager.target:
        return manager.target is manager


def with_exit_that_raises_again():
    class Again:
        def __enter__(self):
            return self

        def __exit__(self, kind, value, trace):
            raise value

    with Again():
        raise ValueError("again")


def with_truth_failing():
    class Odd:
        def __bool__(self):
            raise KeyError("bool")

    class Truth:
        def __enter__(self):
            pass

        def __exit__(self, *args):
            return Odd()

    with Truth():
        raise ValueError("body")


def with_instance_methods():
    class Plain:
        pass

    plain = Plain()
    plain.__enter__ = plain.__exit__ = lambda *args: None
    with plain:
        return "entered"


def with_missing_exit():
    class Half:
        def __enter__(self):
            return "entered"

    with Half():
        return "body"


def while_else():
    found = []
    n = 3
    while n:
        n -= 1
        if n == 1:
            continue
        found.append(n)
    else:
        found.append("else")
    return found, n


def for_else_break():
    for x in "abc":
        if x == "b":
            break
    else:
        return "else"
    return x


def for_over_nothing():
    for x in ():
        pass
    else:
        y = "else"
    return y, "x" in locals()


def for_target_unset():
    for x in []:
        pass
    return x


def for_changes_list():
    values = [1, 2, 3, 4]
    for value in values:
        values.remove(value)
    return values


def for_changes_dict():
    table = {1: 1, 2: 2}
    for key in table:
        table[key + 10] = 1
    return table


def for_changes_dict_items():
    table = {1: 1, 2: 2}
    found = []
    for key, value in table.items():
        found.append(key)
        del table[key]
    return found


def for_changes_values_only():
    table = {1: 1, 2: 2}
    for key in table:
        table[key] = key * 10
    return table


def for_changes_set():
    values = {1, 2}
    for value in values:
        values.add(value + 10)
    return values


def for_iterator_raises():
    class Failing:
        def __iter__(self):
            return self

        def __next__(self):
            raise ValueError("next")

    for x in Failing():
        pass


def for_old_protocol():
    class Old:
        def __getitem__(self, at):
            if at > 2:
                raise IndexError
            return at * 2

    return [x for x in Old()], 4 in Old(), list(Old())


def for_stop_iteration_inside():
    for x in [1]:
        raise StopIteration("mine")


def for_dict_subclass():
    class Table(dict):
        def items(self):
            return [("own", 1)]

        def keys(self):
            return ["own key"]

        def values(self):
            return ["own value"]

        def __iter__(self):
            return iter(["own iter"])

    table = Table(a=1)
    found = [key for key in table]
    for key, value in table.items():
        found.append((key, value))
    for key in table.keys():
        found.append(key)
    for value in table.values():
        found.append(value)
    return found


def for_items_of_other():
    class Other:
        def items(self):
            return ((1, 2), (3, 4))

    found = []
    for key, value in Other().items():
        found.append((key, value))
    return found


def for_items_of_pairs_wrong():
    found = []
    for a, b in [(1, 2), (3,)]:
        found.append(a)
    return found


def nested_loops():
    found = []
    for i in range(3):
        for j in range(3):
            if j == i:
                continue
            if i == 2:
                break
            found.append((i, j))
        else:
            found.append("inner else")
            continue
        found.append("after break")
    return found


def loops_with_same_name():
    for i in range(3):
        for i in "ab":
            pass
    return i


def range_rebound():
    found = []
    for i in range(5):
        if i == 1:
            i = 10
        found.append(i)
    return found, i


def huge_ranges():
    found = []
    for i in range(10**20, 10**20 + 2):
        found.append(i)
    for i in range(3, -(10**20), -(10**20)):
        found.append(i)
    return found


def range_steps():
    found = []
    for step in (1, 2, -1, -3):
        for i in range(5, 1, step):
            found.append(i)
    for i in range(0, 10, 4):
        found.append(i)
    for i in range(2, -3, -2):
        found.append(i)
    return found


def range_zero():
    for i in range(0, 5, 0):
        pass


def range_zero_variable(step=0):
    for i in range(0, 5, step):
        pass


def range_of_float():
    for i in range(2.0):
        pass


def range_of_index():
    class Index:
        def __index__(self):
            return 2

    return [i for i in range(Index())]


def range_of_truth():
    return [type(i).__name__ for i in range(True)], [i for i in range(False, True)]


def range_after_loop():
    for i in range(0):
        pass
    try:
        return i
    except UnboundLocalError as error:
        return type(error).__name__


def reversed_range():
    found = []
    for i in reversed(range(3)):
        found.append(i)
    for i in reversed(range(0, 10, 3)):
        found.append(i)
    for at, letter in reversed(list(enumerate("ab"))):
        found.append((at, letter))
    for x in reversed([1, 2]):
        found.append(x)
    return found


def reversed_of_set():
    for x in reversed({1}):
        pass


def enumerated():
    found = []
    for at, x in enumerate("ab"):
        found.append((at, x))
        at += 10
    for at, (x, y) in enumerate([(1, 2)], 5):
        found.append((at, x, y))
    for pair in enumerate("c", -1):
        found.append(pair)
    for at, x in enumerate("d", 10**30):
        found.append(at)
    return found


def enumerated_from_float():
    for at, x in enumerate("ab", 1.5):
        return at


def zipped():
    found = []
    for a, b in zip("abc", [1, 2]):
        found.append((a, b))
    for triple in zip(range(2), "xy", (True, False)):
        found.append(triple)
    for nothing in zip():
        found.append(nothing)
    return found


def zipped_strictly():
    for a, b in zip("abc", [1, 2], strict=True):
        pass


def recursion(n):
    return recursion(n + 1)


def recursion_ends():
    try:
        recursion(0)
    except RecursionError as error:
        return str(error).partition(" in ")[0].partition(" while ")[0]


def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


def depth_possible():
    return [depth(n) for n in (10, 200, 400)]


def deep_repr():
    x = []
    for i in range(100_000):
        x = [x]
    try:
        repr(x)
    except RecursionError as error:
        return type(error).__name__


def asserts(x):
    assert x
    assert x > 1, "small"
    assert x > 2, ("a", "tuple")
    assert x > 3, ValueError("as words")
    return "passed"


def asserts_of_none():
    assert None, None


def unbound_plain(flag):
    if flag:
        x = 1
    return x


def unbound_deleted():
    x = 1
    del x
    return x


def unbound_deleted_twice():
    x = 1
    del x
    del x


def unbound_augmented():
    x += 1  # noqa: F821
    return x


def unbound_in_branch(flag):
    if flag:
        del flag
    return flag


def unbound_local_in_branch(flag):
    value = flag
    if flag:
        del value
    return value


def unbound_by_handler(flag):
    try:
        if flag:
            raise ValueError
    except ValueError as flag:
        pass
    return flag


def unbound_of_tuple(a, b, c=1):
    del (a, [b])
    try:
        return a
    except NameError as error:
        return str(error), c


def unbound_star(*args, **named):
    if args:
        del args
    if named:
        del named["a"], named
    return args, named


def unbound_in_loop():
    for i in range(2):
        if i == 1:
            return value
        else:
            del i


def unbound_argument_of_call(flag):
    if flag:
        x = 1
    return len(x)


def unbound_attribute(flag):
    if flag:
        x = 1
    return x.real


def unbound_name():
    return never_defined


def unbound_name_deleted():
    global gone
    gone = 1
    del gone
    return gone


def unbound_name_deleted_twice():
    global gone
    gone = 1
    del gone
    del gone


def global_set():
    global made_here
    made_here = 5
    made_here += 1
    return made_here, globals()["made_here"]


def is_and_none(x):
    return x is None, x is not None, x is True, x is ..., x is NotImplemented


def statement_values():
    1 / 1
    "text"
    [print]
    (lambda: 1)
    return None


def swaps():
    a, b, c = 1, 2, 3
    a, b, c = c, a, b
    (a, b), c = (b, a), [c]
    [x, *y] = "abc"
    *z, w = range(3)
    p, (q, *r), s = 1, (2, 3, 4), 5
    return a, b, c, x, y, z, w, p, q, r, s


def chained_assignment():
    a = b = [1]
    c, d = e = 1, 2
    a += [2]
    return a, b, a is b, c, d, e


def unpacked_wrong(x):
    a, b = x
    return a, b


def unpacked_of_iterator():
    it = iter([1, 2, 3, 4])
    a, b = next(it), next(it)
    try:
        c, = it
    except ValueError as error:
        return a, b, str(error), list(it)


def unpacked_dict():
    a, b = {"x": 1, "y": 2}
    (c, d), = {"z": (3, 4)}.values()
    return a, b, c, d


def unpacked_text():
    a, b = "xy"
    (c,) = "z"
    [d] = "w"
    return a, b, c, d


def q_unpacked_wrong():
    return [said(unpacked_wrong, x) for x in ((1,), (1, 2), (1, 2, 3), "a", "ab", [1, 2, 3], {1: 2}, {1, 2, 3}, 5, None, range(9), iter([1]), (), b"abc")]


def q_asserts():
    return [said(asserts, x) for x in (0, 1, 2, 3, 4)]


def q_is_and_none():
    return [is_and_none(x) for x in (None, True, 1, ..., NotImplemented)]


def q_unbound_plain():
    return said(unbound_plain, False), said(unbound_plain, True)


def q_unbound_in_branch():
    return said(unbound_in_branch, False), said(unbound_in_branch, True)


def q_unbound_uses():
    return said(unbound_argument_of_call, 0), said(unbound_attribute, 0), said(unbound_plain, 0)


def q_recursion_ends():
    return recursion_ends()


def q_depth_possible():
    return depth_possible()


def q_range_zero_variable():
    return said(range_zero_variable), said(range_zero_variable, 2.5)


def q_return_in_finally():
    return said(return_in_finally)


def q_return_over_return():
    return said(return_over_return)


def q_value_before_finally():
    return said(value_before_finally)


def q_list_before_finally():
    return said(list_before_finally)


def q_break_in_finally():
    return said(break_in_finally)


def q_continue_in_finally():
    return said(continue_in_finally)


def q_continue_in_try():
    return said(continue_in_try)


def q_break_in_try():
    return said(break_in_try)


def q_return_in_loop_in_try():
    return said(return_in_loop_in_try)


def q_else_of_try():
    return said(else_of_try)


def q_raised_in_else():
    return chained(raised_in_else)


def q_raised_in_except():
    return chained(raised_in_except)


def q_raised_in_finally():
    return chained(raised_in_finally)


def q_raised_from():
    return chained(raised_from)


def q_raised_from_none():
    return chained(raised_from_none)


def q_raised_from_class():
    return chained(raised_from_class)


def q_raised_again():
    return chained(raised_again)


def q_raised_again_by_name():
    return chained(raised_again_by_name)


def q_raised_again_after_another():
    return chained(raised_again_after_another)


def q_raise_of_nothing():
    return chained(raise_of_nothing)


def q_raise_of_nothing_in_called():
    return chained(raise_of_nothing_in_called)


def q_raised_class():
    return chained(raised_class)


def q_raised_class_that_fails():
    return chained(raised_class_that_fails)


def q_three_deep():
    return chained(three_deep)


def q_context_ends():
    return chained(context_ends)


def q_context_in_called():
    return chained(context_in_called)


def q_context_of_pattern():
    return chained(context_of_pattern)


def q_context_of_wrong_pattern():
    return chained(context_of_wrong_pattern)


def q_context_of_implicit():
    return chained(context_of_implicit)


def q_context_in_loop():
    return chained(context_in_loop)


def q_context_of_finally_return():
    return chained(context_of_finally_return)


def q_exc_info_after():
    return said(exc_info_after)


def q_name_deleted():
    return said(name_deleted)


def q_name_deleted_over_old():
    return said(name_deleted_over_old)


def q_name_deleted_in_handler():
    return said(name_deleted_in_handler)


def q_name_kept_without_error():
    return said(name_kept_without_error)


def q_name_of_global():
    return said(name_of_global)


def q_caught_tuple():
    return said(caught_tuple)


def q_caught_flat_tuple():
    return said(caught_flat_tuple)


def q_caught_base():
    return said(caught_base)


def q_caught_all():
    return said(caught_all)


def q_caught_subclass():
    return chained(caught_subclass)


def q_order_of_handlers():
    return said(order_of_handlers)


def q_with_swallowing():
    return chained(with_swallowing)


def q_with_not_swallowing():
    return chained(with_not_swallowing)


def q_with_failing_exit():
    return chained(with_failing_exit)


def q_with_failing_exit_alone():
    return chained(with_failing_exit_alone)


def q_with_failing_enter():
    return chained(with_failing_enter)


def q_with_return():
    return chained(with_return)


def q_with_break():
    return chained(with_break)


def q_with_return_swallowed():
    return chained(with_return_swallowed)


def q_with_two():
    return chained(with_two)


def q_with_exit_seen():
    return chained(with_exit_seen)


def q_with_attribute_target():
    return chained(with_attribute_target)


def q_with_exit_that_raises_again():
    return chained(with_exit_that_raises_again)


def q_with_truth_failing():
    return chained(with_truth_failing)


def q_with_instance_methods():
    return chained(with_instance_methods)


def q_with_missing_exit():
    return chained(with_missing_exit)


def q_while_else():
    return said(while_else)


def q_for_else_break():
    return said(for_else_break)


def q_for_over_nothing():
    return said(for_over_nothing)


def q_for_target_unset():
    return said(for_target_unset)


def q_for_changes_list():
    return said(for_changes_list)


def q_for_changes_dict():
    return said(for_changes_dict)


def q_for_changes_dict_items():
    return said(for_changes_dict_items)


def q_for_changes_values_only():
    return said(for_changes_values_only)


def q_for_changes_set():
    return said(for_changes_set)


def q_for_iterator_raises():
    return chained(for_iterator_raises)


def q_for_old_protocol():
    return said(for_old_protocol)


def q_for_stop_iteration_inside():
    return said(for_stop_iteration_inside)


def q_for_dict_subclass():
    return chained(for_dict_subclass)


def q_for_items_of_other():
    return said(for_items_of_other)


def q_for_items_of_pairs_wrong():
    return said(for_items_of_pairs_wrong)


def q_nested_loops():
    return said(nested_loops)


def q_loops_with_same_name():
    return chained(loops_with_same_name)


def q_range_rebound():
    return said(range_rebound)


def q_huge_ranges():
    return said(huge_ranges)


def q_range_steps():
    return said(range_steps)


def q_range_zero():
    return said(range_zero)


def q_range_of_float():
    return said(range_of_float)


def q_range_of_index():
    return said(range_of_index)


def q_range_of_truth():
    return said(range_of_truth)


def q_range_after_loop():
    return said(range_after_loop)


def q_reversed_range():
    return said(reversed_range)


def q_reversed_of_set():
    return said(reversed_of_set)


def q_enumerated():
    return said(enumerated)


def q_enumerated_from_float():
    return said(enumerated_from_float)


def q_zipped():
    return said(zipped)


def q_zipped_strictly():
    return said(zipped_strictly)


def q_deep_repr():
    return said(deep_repr)


def q_asserts_of_none():
    return said(asserts_of_none)


def q_unbound_deleted():
    return said(unbound_deleted)


def q_unbound_deleted_twice():
    return said(unbound_deleted_twice)


def q_unbound_augmented():
    return said(unbound_augmented)


def q_unbound_in_loop():
    return said(unbound_in_loop)


def q_unbound_name():
    return said(unbound_name)


def q_unbound_name_deleted():
    return said(unbound_name_deleted)


def q_unbound_name_deleted_twice():
    return said(unbound_name_deleted_twice)


def q_global_set():
    return said(global_set)


def q_statement_values():
    return said(statement_values)


def q_swaps():
    return said(swaps)


def q_chained_assignment():
    return said(chained_assignment)


def q_unpacked_of_iterator():
    return said(unpacked_of_iterator)


def q_unpacked_dict():
    return said(unpacked_dict)


def q_unpacked_text():
    return said(unpacked_text)


def q_unbound_local_in_branch():
    return said(unbound_local_in_branch, False), said(unbound_local_in_branch, True)


def q_unbound_by_handler():
    return said(unbound_by_handler, False), said(unbound_by_handler, True)


def q_unbound_of_tuple():
    return said(unbound_of_tuple, 1, 2)


def q_unbound_star():
    return said(unbound_star), said(unbound_star, 1), said(lambda: unbound_star(a=1))


def never_run_if():
    if 0:
        x = 1
    return x


def never_run_while():
    while False:
        x = 1
    return x


def never_run_after_return():
    return x
    x = 1


def never_run_for():
    for x in {}:
        y = 1
    try:
        return y
    except NameError as error:
        return str(error)


def q_never_run():
    return said(never_run_if), said(never_run_while), said(never_run_after_return), said(never_run_for)


def made_class():
    return type("Made", (), {"a": 1}).__module__


def q_made_class():
    return made_class()


def q_break_in_finally_after_return():
    def g(x):
        for count in [0, 1]:
            for count2 in [10, 20]:
                try:
                    return count + count2
                finally:
                    if x:
                        break
        return "end", count, count2

    def h(x):
        for i in range(3):
            try:
                return i
            finally:
                if x:
                    continue
        return "end", i

    def own(x):
        try:
            return x
        finally:
            for i in range(3):
                if i:
                    break

    return g(False), g(True), h(False), h(True), own(1)


def q_loops_that_only_count():
    found = []

    def made():
        for _ in range(3):
            yield len(found)

    for _ in range(2):
        for _ in range(2):
            found.append(1)
        for x, _ in [(1, 2)]:
            found.append(x)
    for each in range(2):
        try:
            1 // 0
        except ZeroDivisionError:
            continue
    return found, list(made()), each, [0 for _ in range(2)]


def q_ranges_that_are_none():
    def without():
        for _ in range():
            pass

    def still():
        for _ in range(1, 5, 0):
            pass

    found = []
    for each in (without, still):
        try:
            each()
        except Exception as error:
            found.append((type(error).__name__, str(error)))
    return found


def q_ranges_of_another_function():
    def given(range):
        found = 0
        for _ in range(3):
            found += 1
        return found

    def local():
        range = lambda to: "ab" * to
        return sum(1 for _ in range(3)), [None for _ in range(2)]

    return given(lambda to: "ab"), local()

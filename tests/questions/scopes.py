"""Names: where they are looked up, what they hide, and what is in their place at run time."""

import builtins
import os
import sys
from unittest import mock

from questions.offered import *  # noqa: F403

value = "module"
counter = 0


def said(function, *args, **named):
    try:
        return function(*args, **named)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


def hex(x):
    return f"own hex {x}"


def len_here(x):
    len = lambda y: "local len"  # noqa: E731
    return len(x)


def shadow_by_parameter(len, str=repr):
    return len("ab"), str("a")


def shadow_by_loop():
    for max in (min, abs):
        pass
    return max(-3)


def shadow_by_import():
    from math import floor as round

    return round(2.7)


def shadow_by_handler():
    try:
        raise ValueError("x")
    except ValueError as int:
        return str(int)


def shadow_of_module():
    return hex(5), sum_of_offered, sorted([3, 1]), filter


def read_global():
    return value


def set_global():
    global counter, born
    counter += 1
    born = counter * 10
    return counter, born


def delete_global():
    global born
    del born
    return "born" in vars(sys.modules[__name__])


def read_builtins():
    return len("abc"), __name__.rpartition(".")[2], __builtins__ is not None, __debug__


def read_late():
    return defined_later()


def read_unknown():
    return unknown_name


def call_unknown():
    return unknown_function(1)


def read_special():
    return __file__.rpartition("/")[2].partition(".")[0], __doc__[:6], __package__, __spec__.name, __loader__ is not None


def opened(path):
    with open(path) as file:
        return file.read()


def printed(x):
    print(x, end="")


def asked():
    return input("?")


def lengths(x):
    return len(x), isinstance(x, str), range(2)


def exits():
    exit(3)


def nested_global():
    global made_by_inner

    def inner():
        global made_by_inner
        made_by_inner = "inner"

    inner()
    return made_by_inner


def nested_nonlocal():
    n = 0

    def add():
        nonlocal n
        n += 1
        return n

    add()
    return add(), n


def nested_reads_late():
    def inner():
        return x

    x = "later"
    return inner()


def nested_unbound():
    def inner():
        return x

    if value == "never":
        x = 1
    return inner()


def closures_in_loop():
    return [f() for f in [lambda: i for i in range(3)]]


def closures_with_default():
    return [f() for f in [lambda i=i: i for i in range(3)]]


def comprehension_scope():
    x = "outer"
    found = [x for x in "ab"]
    return x, found, [y for y in [x] for x in [1]]


def comprehension_nested():
    return [[a * b for a in range(3)] for b in range(2)], {a: {b for b in range(a)} for a in range(3)}


def comprehension_of_global():
    return [value for _ in range(2)], [counter for counter in "ab"]


def generator_scope():
    x = 1
    g = (x + y for y in range(2))
    x = 10
    return list(g)


def generator_first_eager():
    try:
        return (x for x in missing_iterable)
    except NameError as error:
        return str(error)


def walrus():
    if (n := len("abc")) > 2:
        pass
    found = [last := x for x in range(3)]
    return n, found, last, any((hit := x) > 1 for x in (1, 2, 3)), hit


def del_and_rebind():
    x = 1
    del x
    x = 2
    return x


def locals_seen():
    a, b = 1, 2
    return sorted(locals())


def evaluated():
    a = 5
    return eval("a + 1"), eval("value"), eval("a", {"a": 7})


def executed():
    space = {}
    exec("z = 1", space)
    return space["z"]


def vars_seen():
    q = 1
    return sorted(vars()), sorted(dir())


def imports_in_function():
    import os.path
    import xml.dom.minidom as dom
    from collections import OrderedDict as OD
    from os import path as p, sep

    return os.path is p, dom.__name__, OD.__name__, sep


def imports_dotted():
    import xml.etree.ElementTree

    return xml.etree.ElementTree.__name__, xml.__name__


def imports_dotted_as():
    import xml.etree.ElementTree as tree

    return tree.__name__


def imports_missing():
    import no_such_module_here


def imports_missing_name():
    from os import no_such_name


def imports_missing_submodule():
    import os.no_such


def imports_missing_from_package():
    from xml.dom import nothing_here


def imports_relative():
    from . import offered
    from .offered import sum_of_offered as one

    return offered.__name__, one


def imports_relative_missing():
    from .nowhere import x


def imports_relative_missing_name():
    from .offered import nowhere


def imports_beyond():
    from ...beyond import x


def imports_submodule_as_attribute():
    from xml import sax

    return sax.__name__


def imports_twice():
    import json

    first = json
    import json

    return first is json


def imports_with_hook():
    with mock.patch.object(builtins, "__import__", lambda *args, **named: ("hooked", args[0], args[3], args[4])):
        import something.else_

        return something


def imports_own_name():
    from questions import scopes

    return scopes.value


def uses_module_after_change():
    return os.path.basename("a/b"), os.sep


def conditional_global(flag):
    if flag:
        global late_global
        late_global = 1
    return "late_global" in vars(sys.modules[__name__])


def q_shadowed():
    return len_here("abc"), shadow_by_parameter(lambda x: 9), shadow_by_loop(), shadow_by_import(), shadow_by_handler()


def q_shadowed_by_module():
    return shadow_of_module()


def q_global_replaced():
    with mock.patch(f"{__name__}.value", "patched"):
        found = read_global()
    return found, read_global()


def q_globals_changed():
    return set_global(), set_global(), counter, born, delete_global(), said(delete_global), said(lambda: born)


def q_builtins_read():
    return read_builtins()


def q_defined_late():
    return said(read_late)


def defined_later():
    return "later"


def q_unknown():
    return said(read_unknown), said(call_unknown)


def q_unknown_made_known():
    builtins.unknown_name = "builtin"
    try:
        return read_unknown()
    finally:
        del builtins.unknown_name


def q_known_from_outside():
    vars(sys.modules[__name__])["unknown_function"] = lambda x: ("outside", x)
    try:
        return call_unknown()
    finally:
        del vars(sys.modules[__name__])["unknown_function"]


def q_special_names():
    return read_special()


def q_patched_open():
    with mock.patch("builtins.open", mock.mock_open(read_data="fake")):
        return opened("/nowhere")


def q_patched_print_and_input():
    with mock.patch("builtins.print") as printer, mock.patch("builtins.input", return_value="answer"):
        printed("x")
        return asked(), printer.call_args


def q_patched_in_module():
    with mock.patch(f"{__name__}.open", mock.mock_open(read_data="own"), create=True):
        return opened("/nowhere")


def q_exit():
    return said(exits)


def q_scopes_of_nested():
    return nested_global(), nested_nonlocal(), nested_reads_late(), said(nested_unbound), closures_in_loop(), closures_with_default()


def q_comprehension_scopes():
    return comprehension_scope(), comprehension_nested(), comprehension_of_global(), counter


def q_generator_scopes():
    return generator_scope(), generator_first_eager()


def q_walrus():
    return walrus()


def q_del_and_rebind():
    return del_and_rebind()


def q_frame_functions():
    return locals_seen(), evaluated(), executed(), vars_seen()


def q_imports():
    return imports_in_function(), imports_dotted(), imports_dotted_as(), imports_relative(), imports_submodule_as_attribute(), imports_twice(), imports_own_name()


def q_imports_missing():
    return [said(each) for each in (imports_missing, imports_missing_submodule, imports_relative_missing, imports_beyond)]


def q_imports_missing_names():
    return [said(each).partition(" (/")[0] for each in (imports_missing_name, imports_missing_from_package, imports_relative_missing_name)]


def q_imports_error_attributes():
    found = []
    for each in (imports_missing, imports_missing_name, imports_relative_missing):
        try:
            each()
        except ImportError as error:
            found.append((error.name, error.path and error.path.rpartition("/")[2]))
    return found


def q_import_hooked():
    return said(imports_with_hook)


def q_module_patched():
    with mock.patch("os.path.basename", return_value="patched"), mock.patch.object(os, "sep", "|"):
        return uses_module_after_change()


def q_conditional_global():
    return conditional_global(False), conditional_global(True)


def q_names_of_module():
    return sorted(name for name in vars(sys.modules[__name__]) if not name.startswith(("q_", "@")))


def q_builtins_that_are_replaced():
    import builtins
    from unittest import mock

    def measure(x):
        return len(x), hasattr(x, "append")

    def count():
        yield from range(3)

    told = [measure([1]), list(count())]
    with mock.patch("builtins.len", lambda x: "patched"), mock.patch("builtins.range", lambda n: "abc"):
        told += [measure([1]), list(count())]
    told += [measure([1]), list(count())]
    builtins.new_name = 1
    told.append(measure([1]))
    del builtins.new_name
    with mock.patch.object(builtins, "hasattr", side_effect=[False, False]):
        told.append(measure([1]))
    return told

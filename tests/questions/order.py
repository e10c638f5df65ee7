"""In which order the parts of a statement are evaluated: each part notes when its turn comes."""


class Log:
    def __init__(self):
        self.notes = []

    def __call__(self, name, value=None):
        self.notes.append(name)
        return value


class Box:
    """Notes what is done with it."""

    def __init__(self, note, name="box"):
        object.__setattr__(self, "note", note)
        object.__setattr__(self, "name", name)

    def __getattr__(self, attribute):
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        self.note(f"{self.name}.get {attribute}")
        return 10

    def __setattr__(self, attribute, value):
        self.note(f"{self.name}.set {attribute} {value!r}")

    def __delattr__(self, attribute):
        self.note(f"{self.name}.del {attribute}")

    def __getitem__(self, at):
        self.note(f"{self.name}[get {at!r}]")
        return 20

    def __setitem__(self, at, value):
        self.note(f"{self.name}[set {at!r} {value!r}]")

    def __delitem__(self, at):
        self.note(f"{self.name}[del {at!r}]")

    def __call__(self, *args, **named):
        self.note(f"{self.name}({args!r} {named!r})")
        return 30

    def __bool__(self):
        self.note(f"bool {self.name}")
        return True

    def __iter__(self):
        self.note(f"iter {self.name}")
        return iter((1, 2))

    def __len__(self):
        self.note(f"len {self.name}")
        return 2

    def __contains__(self, other):
        self.note(f"contains {self.name}")
        return True

    def __lt__(self, other):
        self.note(f"{self.name} <")
        return self

    def __add__(self, other):
        self.note(f"{self.name} +")
        return self

    def __iadd__(self, other):
        self.note(f"{self.name} +=")
        return self

    def __enter__(self):
        self.note(f"enter {self.name}")
        return self

    def __exit__(self, kind, value, trace):
        self.note(f"exit {self.name} {kind and kind.__name__}")

    def __format__(self, spec):
        self.note(f"format {self.name} {spec}")
        return self.name

    def __hash__(self):
        self.note(f"hash {self.name}")
        return 5

    def __eq__(self, other):
        self.note(f"{self.name} ==")
        return False

    def keys(self):
        self.note(f"keys {self.name}")
        return ["k"]

    def __repr__(self):
        return self.name


def ran(function):
    note = Log()
    try:
        result = function(note, Box(note), Box(note, "other"))
    except Exception as error:
        result = f"{type(error).__name__}: {error}"
    return result, note.notes


def operands(note, box, other):
    return note("a", 1) + note("b", 2) * note("c", 3) - note("d", 4) ** note("e", 2)


def arguments(note, box, other):
    return note("f", box)(note("a", 1), note("b", 2), x=note("x", 3), *note("star", (4,)), y=note("y", 5), **note("stars", {"z": 6}))


def arguments_twice(note, box, other):
    return note("f", box)(*note("s1", (1,)), note("a", 2), *note("s2", (3,)), k=note("k", 1), **note("d1", {"l": 2}), m=note("m", 3), **note("d2", {"n": 4}))


def arguments_doubled(note, box, other):
    return note("f", box)(a=note("a", 1), **note("d", {"a": 2}), b=note("b", 3))


def method(note, box, other):
    return note("box", box).method


def method_called(note, box, other):
    return note("text", "ab").replace(note("x", "a"), note("y", "b"))


def missing_method(note, box, other):
    return note("text", "ab").nothing(note("x", "a"))


def missing_name(note, box, other):
    return nothing_of_this_name(note("x", "a"))  # noqa: F821


def dict_display(note, box, other):
    return {note("k1", 1): note("v1", 2), note("k2", 3): note("v2", 4), **note("more", {5: 6})}


def list_display(note, box, other):
    return [note("a", 1), *note("b", (2,)), note("c", 3)]


def set_display(note, box, other):
    return {note("a", 1), note("b", 2), *note("c", (3,))}


def tuple_display(note, box, other):
    return note("a", 1), *note("b", (2, 3)), (note("c", 4), note("d", 5))


def chained(note, box, other):
    return note("a", 1) < note("b", 3) > note("c", 2) != note("d", 4)


def chained_false(note, box, other):
    return note("a", 3) < note("b", 1) < note("c", 2)


def chained_of_boxes(note, box, other):
    return note("a", box) < note("b", other) < note("c", 3)


def chained_contained(note, box, other):
    return note("a", 1) in note("b", [1]) == note("c", [1])


def chained_asked(note, box, other):
    if note("a", 1) < note("b", 2) < note("c", 2):
        return "yes"
    return "no"


def assigned_attribute(note, box, other):
    note("target", box).x = note("value", 5)


def assigned_index(note, box, other):
    note("target", box)[note("index", 1)] = note("value", 5)


def assigned_slice(note, box, other):
    note("target", box)[note("from", 1) : note("to", 2)] = note("value", 5)


def assigned_many(note, box, other):
    note("first", box).x = note("second", other)[note("index", 3)] = note("value", 5)


def assigned_tuple(note, box, other):
    note("first", box).x, note("second", other)[note("index", 3)] = note("one", 1), note("two", 2)


def assigned_from_value(note, box, other):
    note("first", box).x, note("second", other)[note("index", 3)] = note("both", box)


def assigned_nested(note, box, other):
    (note("a", box).a, [note("b", box).b, *note("c", box).c]) = note("value", (1, (2, 3, 4)))


def swapped(note, box, other):
    values = [1, 2]
    i, values[i] = 1, 9
    values[0], i = i, values[1]
    return values, i


def self_referring(note, box, other):
    values = [0, 0, 0]
    at = 0
    at, values[at] = 2, "x"
    values[at], at = "y", 1
    return values, at


def augmented_attribute(note, box, other):
    note("target", box).x += note("value", 5)


def augmented_index(note, box, other):
    note("target", box)[note("index", 1)] += note("value", 5)


def augmented_slice(note, box, other):
    note("target", box)[note("from", 1) : note("to", 3)] += note("value", 5)


def augmented_nested(note, box, other):
    table = {"a": [1, 2, 3]}
    table[note("key", "a")][note("index", 1)] *= note("value", 10)
    return table


def augmented_attribute_of_call(note, box, other):
    note("f", lambda: box)().x -= note("value", 1)


def augmented_box(note, box, other):
    box += note("value", 1)
    return box is not None


def augmented_failing(note, box, other):
    values = (1, [2])
    try:
        values[1] += [3]
    finally:
        note(values)


def deleted(note, box, other):
    del note("a", box).x, note("b", box)[note("index", 1)], note("c", box)[note("from", 1) : note("to", 2)]


def subscripted(note, box, other):
    return note("target", box)[note("a", 1), note("b", 2) : note("c", 3), note("d", None)]


def conditional(note, box, other):
    return note("yes", 1) if note("asked", False) else note("no", 2)


def boolean(note, box, other):
    return note("a", 0) or note("b", 2) and note("c", 0) or note("d", []) or note("e", 5)


def boolean_of_boxes(note, box, other):
    return (box and other) is other, (box or other) is box, not box


def boolean_asked(note, box, other):
    if box and not other or note("c", 1):
        return "yes"


def asked_twice(note, box, other):
    while box and other:
        note("in the loop")
        break
    return box and other and 5


def formatted(note, box, other):
    return f"{note('a', box)}-{note('b', other):>{note('width', 5)}}-{note('c', 1)!r}"


def percented(note, box, other):
    return "%s %s" % (note("a", 1), note("b", 2))


def entered(note, box, other):
    with note("a", box) as note("target", box).x, note("b", other) as y:
        note("body")


def entered_raising(note, box, other):
    with box, other:
        note("body")
        raise ValueError("q")


def entered_returning(note, box, other):
    with box:
        with other:
            return note("returned", 5)


def looped(note, box, other):
    for note("target", box).x in note("iterable", box):
        note("body")
    else:
        note("else")


def looped_with_changes(note, box, other):
    values = [1, 2, 3]
    for value in values:
        note(value)
        if value < 3:
            values.append(value + 10)
    return values


def looped_over_rebound(note, box, other):
    values = [1, 2]
    for value in values:
        values = [7]
        note(value)
    return values


def looped_range(note, box, other):
    stop = 3
    for i in range(note("start", 0), note("stop", stop), note("step", 1)):
        stop = 1
        i += 5
        note(i)
    return i


def looped_enumerate(note, box, other):
    for at, value in enumerate(note("values", "ab"), note("start", 5)):
        note((at, value))
    return at


def looped_zip(note, box, other):
    return [pair for pair in zip(note("a", [1, 2, 3]), note("b", [4, 5]))]


def comprehended(note, box, other):
    return [note("element", x + y) for x in note("outer", [1, 2]) if note("if", x) for y in note("inner", [10])]


def comprehended_dict(note, box, other):
    return {note("key", x): note("value", x) for x in note("values", [1, 2])}


def asserted(note, box, other):
    assert note("asked", False), note("words", "no")


def asserted_true(note, box, other):
    assert note("asked", True), note("words", "no")


def raised(note, box, other):
    raise note("raised", ValueError("a")) from note("cause", KeyError("b"))


def caught_lazily(note, box, other):
    try:
        raise ValueError
    except note("first", KeyError):
        return 1
    except note("second", (TypeError, ValueError)):
        return 2
    except note("third", Exception):
        return 3


def not_caught_lazily(note, box, other):
    try:
        note("body")
    except note("first", KeyError):
        return 1
    else:
        note("else")
    finally:
        note("finally")


def defaults_of_getattr(note, box, other):
    return getattr(note("object", 5), note("name", "real"), note("default", 7))


def isinstance_of(note, box, other):
    return isinstance(note("object", 5), note("class", int)), len(note("sized", box)), note("what", 1) in note("where", box)


def built_in_calls(note, box, other):
    return min(note("a", 3), note("b", 1), note("c", 2)), max(note("d", 1), note("e", 2)), divmod(note("f", 7), note("g", 2)), round(note("h", 2.345), note("i", 1))


def sums(note, box, other):
    return sum([note("a", 1), note("b", 2)], note("start", 10)), any([note("c", 0), note("d", 1), note("e", 1)]), all(note(x, x) for x in (1, 0, 1))


def hashed(note, box, other):
    return {box: 1, other: 2}[box] if False else len({box, other})


def dict_of_boxes(note, box, other):
    made = {box: note("v1", 1), other: note("v2", 2)}
    return len(made)


def multiplied_list(note, box, other):
    return [note("a", 1), note("b", 2)] * note("times", 2)


def returned_tuple(note, box, other):
    try:
        return note("returned", 1), note("second", 2)
    finally:
        note("finally")


def names_read_late(note, box, other):
    x = 1

    def change():
        nonlocal x
        x = 5
        return 1

    return x + change() + x


def local_read_before(note, box, other):
    x = [1]
    y = x + [note("called", x.append(2)) or 3]
    return x, y


def local_changed_in_call(note, box, other):
    x = 1
    return (x, [x := 2], x) if note("walrus", True) else None


def unary(note, box, other):
    return -note("a", 1) + (not note("b", 0)) + ~note("c", 2)


def compared_boxes(note, box, other):
    return (box == other), (box != other), (box is other), (box is not note("x", box))


def print_to(note, box, other):
    class File:
        def write(self, text):
            note(text)

    print(note("a", "x"), note("b", "y"), sep=note("sep", "-"), end=note("end", "!"), file=note("file", File()))


def star_only(note, box, other):
    return note("f", box)(*note("args", box))


def stars_only(note, box, other):
    return note("f", other)(**note("named", box))


def q_operands():
    return ran(operands)


def q_arguments():
    return ran(arguments)


def q_arguments_twice():
    return ran(arguments_twice)


def q_arguments_doubled():
    return ran(arguments_doubled)


def q_method():
    return ran(method)


def q_method_called():
    return ran(method_called)


def q_missing_method():
    return ran(missing_method)


def q_missing_name():
    return ran(missing_name)


def q_dict_display():
    return ran(dict_display)


def q_list_display():
    return ran(list_display)


def q_set_display():
    return ran(set_display)


def q_tuple_display():
    return ran(tuple_display)


def q_chained():
    return ran(chained)


def q_chained_false():
    return ran(chained_false)


def q_chained_of_boxes():
    return ran(chained_of_boxes)


def q_chained_contained():
    return ran(chained_contained)


def q_chained_asked():
    return ran(chained_asked)


def q_assigned_attribute():
    return ran(assigned_attribute)


def q_assigned_index():
    return ran(assigned_index)


def q_assigned_slice():
    return ran(assigned_slice)


def q_assigned_many():
    return ran(assigned_many)


def q_assigned_tuple():
    return ran(assigned_tuple)


def q_assigned_from_value():
    return ran(assigned_from_value)


def q_assigned_nested():
    return ran(assigned_nested)


def q_swapped():
    return ran(swapped)


def q_self_referring():
    return ran(self_referring)


def q_augmented_attribute():
    return ran(augmented_attribute)


def q_augmented_index():
    return ran(augmented_index)


def q_augmented_slice():
    return ran(augmented_slice)


def q_augmented_nested():
    return ran(augmented_nested)


def q_augmented_attribute_of_call():
    return ran(augmented_attribute_of_call)


def q_augmented_box():
    return ran(augmented_box)


def q_augmented_failing():
    return ran(augmented_failing)


def q_deleted():
    return ran(deleted)


def q_subscripted():
    return ran(subscripted)


def q_conditional():
    return ran(conditional)


def q_boolean():
    return ran(boolean)


def q_boolean_of_boxes():
    return ran(boolean_of_boxes)


def q_boolean_asked():
    return ran(boolean_asked)


def q_asked_twice():
    return ran(asked_twice)


def q_formatted():
    return ran(formatted)


def q_percented():
    return ran(percented)


def q_entered():
    return ran(entered)


def q_entered_raising():
    return ran(entered_raising)


def q_entered_returning():
    return ran(entered_returning)


def q_looped():
    return ran(looped)


def q_looped_with_changes():
    return ran(looped_with_changes)


def q_looped_over_rebound():
    return ran(looped_over_rebound)


def q_looped_range():
    return ran(looped_range)


def q_looped_enumerate():
    return ran(looped_enumerate)


def q_looped_zip():
    return ran(looped_zip)


def q_comprehended():
    return ran(comprehended)


def q_comprehended_dict():
    return ran(comprehended_dict)


def q_asserted():
    return ran(asserted)


def q_asserted_true():
    return ran(asserted_true)


def q_raised():
    return ran(raised)


def q_caught_lazily():
    return ran(caught_lazily)


def q_not_caught_lazily():
    return ran(not_caught_lazily)


def q_defaults_of_getattr():
    return ran(defaults_of_getattr)


def q_isinstance_of():
    return ran(isinstance_of)


def q_built_in_calls():
    return ran(built_in_calls)


def q_sums():
    return ran(sums)


def q_hashed():
    return ran(hashed)


def q_dict_of_boxes():
    return ran(dict_of_boxes)


def q_multiplied_list():
    return ran(multiplied_list)


def q_returned_tuple():
    return ran(returned_tuple)


def q_names_read_late():
    return ran(names_read_late)


def q_local_read_before():
    return ran(local_read_before)


def q_local_changed_in_call():
    return ran(local_changed_in_call)


def q_unary():
    return ran(unary)


def q_compared_boxes():
    return ran(compared_boxes)


def q_print_to():
    return ran(print_to)


def q_star_only():
    return ran(star_only)


def q_stars_only():
    return ran(stars_only)


def q_bound_within():
    x = 1
    told = [x + (x := 2) + x, (x, (x := 3), x), [x, x := 4], {x: (x := 5)}, f"{x}{(x := 6)}{x}"]
    return told, max(x, (x := 7), x), x < (x := 8) < x + 1, x


def q_bound_within_a_condition():
    seen = []
    data = [1, 2, 3]
    while (n := len(data)) > 1:
        seen.append(n)
        data.pop()
    if (m := n) and not (k := 0):
        seen += [m, k]
    return seen, n, m, k


def q_bound_within_a_comprehension():
    told = [last := i * 2 for i in range(3)], last
    any((found := i) > 1 for i in range(5))
    return told, found, [y for x in range(4) if (y := x % 2)], y


def q_bound_within_a_function(a=1):
    f = lambda: (z := a, z)

    def g():
        nonlocal a
        return (a := a + 1), a

    return f(), g(), a, (b := a), b


def q_bound_within_what_fails():
    try:
        (w := 1) / 0 + (w := 2)
    except ZeroDivisionError:
        first = w
    try:
        unbound + (unbound := 1)
    except UnboundLocalError as e:
        return first, str(e)


def q_bound_within_and_deleted():
    (v := 1)
    del v
    try:
        return v
    except UnboundLocalError as e:
        return str(e)


def q_bound_within_a_generator():
    def g():
        while (got := (yield 1)) != 3:
            yield got
        return got

    it = g()
    return next(it), it.send(5), next(it)

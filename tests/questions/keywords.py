"""In which order keywords come together, and what is said of one that comes twice."""


def said(function, *args):
    try:
        return function(*args)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


def stars(**named):
    return named


class Told:
    """A mapping that notes what it is asked."""

    def __init__(self, notes, fails=None, **pairs):
        self.notes, self.fails, self.pairs = notes, fails, pairs

    def keys(self):
        self.notes.append("keys")
        if isinstance(self.fails, AttributeError):
            raise self.fails
        return self.pairs.keys()

    def __getitem__(self, key):
        self.notes.append(key)
        if self.fails:
            raise self.fails
        return self.pairs[key]


def doubled(mapping):
    return stars(**mapping, **mapping)


def indexed(mapping, notes):
    return dict(a=1, **mapping)[notes.append("index") or "k"]


def q_a_keyword_that_is_there_twice_is_told_before_its_value_is_asked_for():
    notes = []
    return said(doubled, Told(notes, k=1)), said(indexed, Told(notes, a=1), notes), said(indexed, Told(notes, k=1), notes), notes


def q_errors_of_a_mapping_behind_two_stars():
    errors = (KeyError("lost"), KeyError(1), KeyError("a", "b"), KeyError(), AttributeError("x"), ValueError("x"))
    return [(said(indexed, Told(notes, error, k=1), notes), notes) for error in errors for notes in [[]]]


def q_keys_that_are_no_texts_and_come_twice():
    return said(doubled, {1: 2}), said(doubled, {(1, 2): 2}), said(doubled, {}), said(indexed, {1: 2}, [])

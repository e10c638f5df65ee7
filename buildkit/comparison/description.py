"""Describes a module as data: what can be seen of it, each thing by its path (`Greeter.greet.parameters`) as a text.

A program's part of its own for the service's interpreter: the standard library alone. Nothing is called but what the
objects of libraries offer for being looked at (`__repr__` of a field, the routes of an application).

What is the same in every process is described, and nothing else: no addresses, no order of a set, no place of a file.
"""

from __future__ import annotations

import enum
import functools
import hashlib
import importlib.machinery
import inspect
import re
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

_OF_THE_LOADER = frozenset(
    ("__builtins__", "__cached__", "__file__", "__loader__", "__name__", "__spec__", "__test__", "__pyx_capi__")
)
_OF_THE_CLASS = frozenset(
    (
        "__annotate__",
        "__annotate_func__",
        "__annotations__",
        "__annotations_cache__",
        "__dict__",
        "__doc__",
        "__firstlineno__",
        "__module__",
        "__static_attributes__",
        "__weakref__",
        "_abc_impl",
    )
)
_SHOWN_AS_TEXT = frozenset(
    (
        "datetime",
        "decimal",
        "fractions",
        "ipaddress",
        "pathlib",
        "types",
        "typing",
        "typing_extensions",
        "uuid",
        "zoneinfo",
    )
)
_FUNCTIONS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.ClassMethodDescriptorType,
    types.MethodDescriptorType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
)
_FUNCTIONS_OF_OTHERS = frozenset(("cython_function_or_method", "fused_cython_function", "_lru_cache_wrapper"))
_COLLECTIONS = (tuple, list, set, frozenset, dict)
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_SUFFIXES = re.compile("|".join(map(re.escape, importlib.machinery.EXTENSION_SUFFIXES)))
_LONGEST = 300
_DEEPEST = 6
_MOST = 2000


Looks = Mapping[str, Callable[[Any, Callable[[Any], str]], str]]
"""What is to be seen of the values of libraries, by the attribute that shows that a value is one."""


def describe(module: types.ModuleType, of_classes: Looks, of_objects: Looks) -> dict[str, str]:
    """Return what can be seen of a module that has been imported.

    Args:
        module: what is looked at.
        of_classes: further looks at its classes.
        of_objects: further looks at the objects in it.
    """
    return _Description(module, of_classes, of_objects).facts


class _Description:
    """The facts about one module; what is defined elsewhere is only named."""

    def __init__(self, module: types.ModuleType, of_classes: Looks, of_objects: Looks) -> None:
        self.facts: dict[str, str] = {}
        self._of_classes = of_classes
        self._of_objects = of_objects
        self._module = module.__name__
        self._known: dict[int, str] = {}
        names = {name: value for name, value in list(vars(module).items()) if name not in _OF_THE_LOADER}
        self._note("__package__", lambda: text(module.__package__))
        self._note("__path__", lambda: "a package" if hasattr(module, "__path__") else "no package")
        for name, value in sorted(names.items()):
            if name == "__annotations__":
                self._annotations("", module)
            elif name not in {"__package__", "__path__", "__annotate__", "__annotate_func__"}:
                self._value(name, value)

    def _note(self, path: str, fact: Callable[[], str]) -> None:
        """Note a fact; of one that cannot be seen, the kind of error."""
        try:
            self.facts[path] = fact()
        except Exception as error:  # noqa: BLE001 - a property of a user's class may raise anything
            self.facts[path] = f"cannot be seen: {type(error).__name__}"

    def _value(self, path: str, value: Any) -> None:  # noqa: ANN401 - everything that a name may stand for
        """Note all there is to see of a value; of one that does not let itself be looked at, its type."""
        try:
            self._seen(path, value)
        except Exception as error:  # noqa: BLE001 - a proxy without its object raises at every look
            self.facts[path] = f"{_named(type(value))} cannot be seen: {type(error).__name__}"

    def _seen(self, path: str, value: Any) -> None:  # noqa: ANN401
        kind = type(value)
        if isinstance(value, type) and getattr(value, "__module__", None) == self._module:
            self._once(path, value, self._class)
        elif is_function(value) and getattr(value, "__module__", None) in {self._module, None}:
            self._once(path, value, self._function)
        elif isinstance(value, property):
            self.facts[path] = kind.__name__
            for part in ("fget", "fset", "fdel"):
                self._value(f"{path}.{part}", getattr(value, part))
            self._note(f"{path}.__doc__", lambda: text(value.__doc__))
        elif isinstance(value, (staticmethod, classmethod)):
            self.facts[path] = kind.__name__
            self._value(f"{path}.__func__", value.__func__)
        elif isinstance(value, functools.cached_property):
            self.facts[path] = kind.__name__
            self._value(f"{path}.func", value.func)
        elif isinstance(value, (functools.partial, functools.partialmethod)):
            self._note(path, lambda: f"{kind.__name__} {text(value.args)} {text(value.keywords)}")
            self._value(f"{path}.func", value.func)
        else:
            self._note(path, lambda: text(value))
            self._instance(path, value)

    def _once(self, path: str, value: Any, look: Callable[[str, Any], None]) -> None:  # noqa: ANN401
        """Look at a class or function once; another name for it says that it is the same."""
        if id(value) in self._known:
            self.facts[path] = f"is {self._known[id(value)]}"
        else:
            self._known[id(value)] = path
            look(path, value)

    def _function(self, path: str, value: Any) -> None:  # noqa: ANN401
        self._note(path, lambda: _kind(value))
        for name in ("__name__", "__qualname__", "__module__", "__doc__", "__defaults__", "__kwdefaults__"):
            self._note(f"{path}.{name}", lambda name=name: text(getattr(value, name)))  # type: ignore[misc]
        self._note(f"{path}.parameters", lambda: _parameters(value))
        self._annotations(path, value)
        attributes = dict(getattr(value, "__dict__", {}))
        wrapped = attributes.pop("__wrapped__", None)
        self._note(f"{path}.attributes", lambda: text(attributes))
        if hasattr(value, "__type_params__"):
            self._note(f"{path}.__type_params__", lambda: text(value.__type_params__))
        if hasattr(value, "cache_parameters"):
            self._note(f"{path}.cache_parameters", lambda: text(value.cache_parameters()))
        if isinstance(registry := getattr(value, "registry", None), Mapping):
            self._note(f"{path}.registry", lambda: text(list(registry)))
        if wrapped is not None:
            self._value(f"{path}.__wrapped__", wrapped)

    def _class(self, path: str, value: type) -> None:
        self._note(path, lambda: f"class, {_named(type(value))}")
        members = {name: member for name, member in vars(value).items() if name not in _OF_THE_CLASS}
        self._note(f"{path}.__qualname__", lambda: text(value.__qualname__))
        self._note(f"{path}.__doc__", lambda: text(value.__doc__))
        self._note(f"{path}.bases", lambda: text(value.__bases__))
        self._note(f"{path}.mro", lambda: text(value.__mro__))
        self._note(f"{path}.members", lambda: ", ".join(members))
        self._note(f"{path}.layout", lambda: _layout(value))
        self._annotations(path, value)
        for about, look in self._of_classes.items():
            if hasattr(value, about):
                self._note(f"{path}.{about}", lambda look=look: _short(look(value, text)))  # type: ignore[misc]
        for name, member in members.items():
            if name not in self._of_classes:
                self._value(f"{path}.{name}", member)

    def _annotations(self, path: str, value: Any) -> None:  # noqa: ANN401
        self._note(f"{path}.__annotations__".lstrip("."), lambda: text(_annotations(value)))

    def _instance(self, path: str, value: Any) -> None:  # noqa: ANN401
        """Note what frameworks made of the module: routes, commands and what describes them."""
        if isinstance(value, (type, types.ModuleType)) or type(value).__module__ == "builtins":
            return
        for name, look in self._of_objects.items():
            if hasattr(type(value), name) or name in getattr(value, "__dict__", ()):
                self._note(f"{path}.{name}", lambda look=look: _short(look(value, text)))  # type: ignore[misc]


def is_function(value: object) -> bool:
    """Return whether a value is a function or method, of Python or compiled."""
    return isinstance(value, _FUNCTIONS) or type(value).__name__ in _FUNCTIONS_OF_OTHERS


def text(value: Any, depth: int = 0) -> str:  # noqa: ANN401, PLR0911 - a table of kinds
    """Return a value as a text that is the same in every process."""
    kind = type(value)
    if isinstance(value, type) and not isinstance(value, types.GenericAlias):
        return _named(value)
    if is_function(value):
        return f"function {getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"
    if isinstance(value, enum.Enum):
        return f"{_named(kind)}.{value.name}"
    if isinstance(value, types.ModuleType):
        return f"module {value.__name__}"
    if isinstance(value, re.Pattern):
        return f"pattern {value.pattern!r} {value.flags}"
    if kind in _COLLECTIONS:
        return _collection(value, depth)
    if (kind.__module__ == "builtins" and kind in {*_PLAIN}) or kind.__module__.partition(".")[0] in _SHOWN_AS_TEXT:
        return _short(repr(value))
    return f"an instance of {_named(kind)}"


_PLAIN = (
    bool,
    bytearray,
    bytes,
    complex,
    float,
    int,
    range,
    slice,
    str,
    type(None),
    type(Ellipsis),
    type(NotImplemented),
)


def _collection(value: Any, depth: int) -> str:  # noqa: ANN401
    if depth > _DEEPEST:
        return f"{type(value).__name__} …"
    if isinstance(value, dict):
        items = [f"{text(key, depth + 1)}: {text(each, depth + 1)}" for key, each in list(value.items())[:_MOST]]
    else:
        items = [text(each, depth + 1) for each in list(value)[:_MOST]]
        items = sorted(items) if isinstance(value, (set, frozenset)) else items
    return _short(f"{type(value).__name__}({', '.join(items)}){len(value)}")


def _short(words: str) -> str:
    """Return a text without what differs from process to process; of a long one the beginning, and a digest of it."""
    words = _SUFFIXES.sub(".py", _ADDRESS.sub("", words))
    if len(words) <= _LONGEST:
        return words
    return f"{words[:_LONGEST]}… {hashlib.sha256(words.encode(errors='surrogatepass')).hexdigest()[:12]}"


def _named(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")


def _kind(value: Any) -> str:  # noqa: ANN401
    asked = (
        inspect.isfunction,
        inspect.isbuiltin,
        inspect.ismethoddescriptor,
        inspect.isgeneratorfunction,
        inspect.iscoroutinefunction,
        inspect.isasyncgenfunction,
    )
    return ", ".join([_named(value.__class__), *(each.__name__ for each in asked if each(value))])


def _parameters(value: Any) -> str:  # noqa: ANN401
    parts = []
    signature = inspect.signature(value)
    for each in signature.parameters.values():
        hint = "" if each.annotation is each.empty else f": {text(each.annotation)}"
        default = "" if each.default is each.empty else f" = {text(each.default)}"
        parts.append(f"{each.kind.name.lower()} {each.name}{hint}{default}")
    result = "" if signature.return_annotation is signature.empty else f" -> {text(signature.return_annotation)}"
    return f"({'; '.join(parts)}){result}"


def _annotations(value: Any) -> Mapping[str, Any]:  # noqa: ANN401
    """Return the annotations as they are; where they are evaluated late, with a name for what cannot be."""
    if sys.version_info >= (3, 14):
        import annotationlib  # noqa: PLC0415

        return dict(annotationlib.get_annotations(value, format=annotationlib.Format.FORWARDREF))
    own = vars(value) if isinstance(value, (type, types.ModuleType)) else {"__annotations__": value.__annotations__}
    return dict(own.get("__annotations__", {}))


def _layout(value: type) -> str:
    parts = ("__basicsize__", "__itemsize__", "__dictoffset__", "__weakrefoffset__")
    sizes = ", ".join(f"{part.strip('_')} {getattr(value, part)}" for part in parts)
    return f"{sizes}, abstract {sorted(getattr(value, '__abstractmethods__', ()) or ())}"

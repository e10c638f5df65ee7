"""What libraries made of a class or an object: fields, validators, columns, routes, each as a text.

A program's part of its own for the service's interpreter: the standard library alone; what is asked are the objects
themselves. Each function takes the value, and the function that turns parts of it into texts. To have one more library
seen, write a function and put it into a table by the attribute that shows that a value is the library's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Text = Callable[[Any], str]
Look = Callable[[Any, Text], Any]


def dataclass_fields(value: Any, text: Text) -> Any:
    """Return the fields of a dataclass."""
    return _lines(
        f"{each.name}: {text(each.type)} = {text(each.default)} {text(each.default_factory)} "
        f"{[each.init, each.repr, each.hash, each.compare, text(each.kw_only)]}"
        for each in value.__dataclass_fields__.values()
    )


def dataclass_parameters(value: Any, text: Text) -> Any:  # noqa: ARG001
    """Return what a dataclass was asked to have."""
    return repr(value.__dataclass_params__)


def enum_members(value: Any, text: Text) -> Any:
    """Return the members of an enum in their order."""
    return _lines(f"{name} = {text(each.value)}" for name, each in value.__members__.items())


def attrs_attributes(value: Any, text: Text) -> Any:
    """Return the attributes of a class of attrs."""
    return _lines(
        f"{each.name}: {text(each.type)} = {text(each.default)} {each.init} {each.kw_only}"
        for each in value.__attrs_attrs__
    )


def pydantic_fields(value: Any, text: Text) -> Any:  # noqa: ARG001
    """Return the fields of a model of pydantic."""
    return _lines(f"{name}: {each!r}" for name, each in value.model_fields.items())


def pydantic_decorators(value: Any, text: Text) -> Any:  # noqa: ARG001
    """Return the validators, serializers and computed fields of a model of pydantic."""
    found = value.__pydantic_decorators__
    return _lines(f"{kind} {sorted(getattr(found, kind))}" for kind in sorted(found.__dataclass_fields__))


def sqlalchemy_table(value: Any, text: Text) -> Any:  # noqa: ARG001
    """Return the table of a class that SQLAlchemy maps."""
    return repr(value.__table__)


def routes(value: Any, text: Text) -> Any:
    """Return the routes of an application of Starlette, FastAPI, Litestar and their kin."""

    def line(route: Any) -> str:
        methods = sorted(map(str, getattr(route, "methods", None) or ()))
        inner = getattr(route, "routes", None) or ()
        below = f" [{'; '.join(map(line, inner))}]" if inner and inner is not value.routes else ""
        end = getattr(route, "endpoint", None)
        return f"{type(route).__name__} {getattr(route, 'path', '')} {methods} {text(end)}{below}"

    return _lines(map(line, value.routes))


def rules(value: Any, text: Text) -> Any:
    """Return the rules of an application of Flask."""
    found = sorted((rule.rule, rule.endpoint, sorted(rule.methods or ())) for rule in value.url_map.iter_rules())
    return _lines(f"{rule} {methods} {end} {text(value.view_functions.get(end))}" for rule, end, methods in found)


def openapi(value: Any, text: Text) -> Any:
    """Return what an application of FastAPI tells of itself."""
    return text(value.openapi() if callable(value.openapi) else value.openapi)


OF_CLASSES: dict[str, Look] = {
    "__dataclass_fields__": dataclass_fields,
    "__dataclass_params__": dataclass_parameters,
    "__members__": enum_members,
    "__attrs_attrs__": attrs_attributes,
    "model_fields": pydantic_fields,
    "__pydantic_decorators__": pydantic_decorators,
    "__table__": sqlalchemy_table,
}

OF_OBJECTS: dict[str, Look] = {"routes": routes, "url_map": rules, "openapi": openapi}


def _lines(items: Iterable[str]) -> str:
    return "; ".join(items)

"""Values that know where they stand -> a validated model, with every fault at once: an unknown key is one."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from monitor.errors import Fault, FaultyFileError, Place, hidden, shown
from monitor.yamltext import Document, Path, did_you_mean

Model = TypeVar("Model", bound=BaseModel)


def validate(document: Document, model: type[Model]) -> Model:
    """The document as a model; FaultyFileError lists every unknown key, missing key and wrong value."""
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        raise FaultyFileError(_faults(document, model, error.errors())) from None


def _faults(document: Document, model: type[BaseModel], errors: Iterable[ErrorDetails]) -> Iterator[Fault]:
    seen: set[tuple[Place, str]] = set()
    for error in errors:
        path = _known_path(document, error["loc"])
        unknown = error["type"] == "extra_forbidden"
        place = document.key_place(path) if unknown else document.place(path)
        message, hint = _unknown_key(model, path) if unknown else (_message(error, path), None)
        if (place, message) not in seen:
            seen.add((place, message))
            yield Fault(place, message, rule=_rule(path), hint=hint)


def _known_path(document: Document, loc: tuple[int | str, ...]) -> Path:
    """The part of pydantic's location that stands in the document (it also names union members)."""
    path: Path = ()
    for part in loc:
        if (*path, part) in document.places:
            path = (*path, part)
    return path


def _rule(path: Path) -> str | None:
    return str(path[1]) if len(path) > 1 and path[0] == "rules" else None


EXPECTED = {
    "model_type": "expected a mapping",
    "model_attributes_type": "expected a mapping",
    "dict_type": "expected a mapping",
    "list_type": "expected a list",
    "tuple_type": "expected a list",
    "string_type": "expected a text",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "literal_error": "expected {expected}",
    "enum": "expected {expected}",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected at least {ge}",
    "less_than": "expected less than {lt}",
    "less_than_equal": "expected at most {le}",
    "too_short": "expected at least {min_length}",
}
"""What pydantic says of a value, by the type of its error, in words that need no Python."""


def _message(error: ErrorDetails, path: Path) -> str:
    if error["type"] == "missing":
        return f'the key "{error["loc"][-1]}" is missing'
    text = error["msg"].removeprefix("Value error, ")
    text = text[0].lower() + text[1:]
    if error["type"] == "value_error":
        return f"{_called(path)}: {text}"
    known = EXPECTED.get(error["type"])
    expected = known.format(**error.get("ctx", {})) if known else text
    return f"{_called(path)}: {expected}; got {shown(error.get('input'))}"


def _called(path: Path) -> str:
    """How the value at this path is called: by its key, in a list by its number."""
    match path:
        case ():
            return "the file"
        case (*_, str(key)):
            return f'"{hidden(key)}"'
        case (*_, key, int(index)):
            return f'entry {index + 1} of "{key}"'
    return f"entry {path[-1]}"


def _unknown_key(model: type[BaseModel], path: Path) -> tuple[str, str]:
    key, everywhere = hidden(str(path[-1])), _keys(_parts(model, ()))
    here = _keys(_parts(model, path[:-1])) or everywhere
    close = did_you_mean(key, here)
    if close is None and key in {name for part in _definitions(model).values() for name in _keys([part])}:
        return f'the key "{key}" does not belong here', "it belongs into another part of the file"
    return f'unknown key "{key}"', close or f"known keys: {', '.join(sorted(here))}"


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    """What a model takes, under the names users write."""
    return model.model_json_schema()


def _definitions(model: type[BaseModel]) -> dict[str, Any]:
    return {**_schema(model).get("$defs", {}), "": _schema(model)}


def _parts(model: type[BaseModel], path: Path) -> list[dict[str, Any]]:
    """The mappings that may stand at this path."""
    parts = list(_choices(model, _schema(model)))
    for step in path:
        inner = [
            part.get("items")
            if isinstance(step, int)
            else part.get("properties", {}).get(step, part.get("additionalProperties"))
            for part in parts
        ]
        parts = [found for one in inner if isinstance(one, dict) for found in _choices(model, one)]
    return parts


def _choices(model: type[BaseModel], part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a part of a schema may be, without references."""
    if "$ref" in part:
        yield from _choices(model, _definitions(model)[part["$ref"].rpartition("/")[2]])
    elif "properties" in part or "anyOf" not in part:
        yield part
    else:
        for one in part["anyOf"]:
            yield from _choices(model, one)


def _keys(parts: Iterable[Mapping[str, Any]]) -> set[str]:
    return {key for part in parts for key in part.get("properties", {})}

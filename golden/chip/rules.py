"""How a chip file is refused: rules that say in words what they allow, and the one sentence of an error.

`<file>: <section.key>: <value> <what is wrong>; <what is allowed>.`
"""

import json
import math
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from os import PathLike
from typing import Any, get_args

from pydantic import BaseModel, GetCoreSchemaHandler, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import CoreSchema, no_info_before_validator_function

from ..errors import ConfigError


class Conflict(ValueError):
    """Values that are each allowed but do not go together; `key` is the dotted key to change."""

    def __init__(self, key: str, problem: str):
        super().__init__(problem)
        self.key = key


def require(condition: object, key: str, problem: str) -> None:
    """Raise a `Conflict` unless the condition holds."""
    if not condition:
        raise Conflict(key, problem)


def either(names: list[str]) -> str:
    """`"a"`, or `"a" or "b"`."""
    return " or ".join(f'"{name}"' for name in names)


def unused(chip: BaseModel, section: str, key: str, useful: bool, other: str, needed: str) -> None:
    """Refuse a key that was given and changes nothing."""
    table = getattr(chip, section)
    require(
        useful or key not in table.model_fields_set,
        f"{section}.{key}",
        f"{show(getattr(table, key))} has no use with {other} = {show(getattr(table, other))}; "
        f"it is allowed with {other} = {needed}",
    )


@dataclass(frozen=True)
class Rule:
    """Check of one value, as metadata of an annotated type; it runs before pydantic's own.

    Attributes
    ----------
    allowed : str
        What is allowed, in words.
    problem : callable
        What is wrong with a value, None if nothing is.
    """

    allowed: str
    problem: Callable[[Any], str | None]

    def check(self, value: Any) -> Any:
        """Return the value; ValueError with the end of the sentence if it is not allowed."""
        problem = self.problem(value)
        if problem:
            raise ValueError(f"{show(value)} {problem}; allowed are {self.allowed}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_before_validator_function(self.check, handler(source))


def integers(low: int, high: int) -> Rule:
    """Integers from `low` to `high`."""

    def problem(value: Any) -> str | None:
        if type(value) is not int:
            return "is not an integer"
        return None if low <= value <= high else "is out of range"

    return Rule(f"integers from {low} to {high}", problem)


def numbers(low: float, high: float, above: bool = False) -> Rule:
    """Finite numbers, integers among them, from (or above) `low` to `high`."""

    def problem(value: Any) -> str | None:
        if type(value) not in (int, float):
            return "is not a number"
        if type(value) is float and not math.isfinite(value):
            return "is not finite"
        return None if low <= value <= high and not (above and value == low) else "is out of range"

    return Rule(f"numbers {'above' if above else 'from'} {low:g} to {high:g}", problem)


def listing(low: int, high: int, what: str) -> Rule:
    """Lists of `low` to `high` entries."""

    def problem(value: Any) -> str | None:
        if not isinstance(value, list | tuple):
            return "is not a list"
        return None if low <= len(value) <= high else f"has {count(len(value), 'entry', 'entries')}"

    return Rule(f"lists of {low} to {high} {what}" if low < high else f"lists of {high} {what}", problem)


def groups(most: int, largest: int) -> Rule:
    """Lists of up to `most` groups of parameters, each an integer up to `largest` or a list of rows and columns."""

    def sized(entry: Any) -> bool:
        sizes = list(entry) if isinstance(entry, list | tuple) and len(entry) == 2 else [entry]
        return all(type(size) is int and 1 <= size <= largest for size in sizes)

    def problem(value: Any) -> str | None:
        if not isinstance(value, list | tuple):
            return "is not a list"
        return None if len(value) <= most and all(map(sized, value)) else "is not a list of groups"

    return Rule(f"lists of 0 to {most} groups, each a number of parameters or [rows, columns]", problem)


def some_names(low: int, high: int, what: str, alone: bool = True) -> Rule:
    """Strings, not empty and all different, in a list of `low` to `high`; or one by itself, where that is allowed."""

    def problem(value: Any) -> str | None:
        if isinstance(value, str) and alone:
            return None if value else "is empty"
        if not isinstance(value, list | tuple) or not all(isinstance(entry, str) and entry for entry in value):
            return "is not a name" if alone else "is not a list of names"
        if len(set(value)) < len(value):
            return "has a name twice"
        return None if low <= len(value) <= high and high > 1 else f"has {count(len(value), 'entry', 'entries')}"

    return Rule(f"the name of a {what}" if alone else f"lists of names of {what}", problem)


def some_labels(most: int) -> Rule:
    """Lists of 2 to `most` labels, words or numbers, all different."""

    def problem(value: Any) -> str | None:
        if not isinstance(value, list | tuple) or not all(type(entry) in (str, int, float) for entry in value):
            return "is not a list of labels"
        if len(set(map(str, value))) < len(value):
            return "has a label twice"
        return None if 2 <= len(value) <= most else f"has {count(len(value), 'entry', 'entries')}"

    return Rule(f"lists of 2 to {most} labels, words or numbers", problem)


def choices(*allowed: int) -> Rule:
    """One of some integers."""

    def problem(value: Any) -> str | None:
        return None if type(value) is int and value in allowed else "is not one of the choices"

    return Rule(", ".join(map(str, allowed)), problem)


def one_of(*choices: str) -> Rule:
    """One of the choices."""
    return Rule(", ".join(choices), lambda value: None if value in choices else "is not one of the choices")


def one_or_more(*choices: str) -> Rule:
    """One of the choices, or a list of them."""

    def problem(value: Any) -> str | None:
        unknown = [v for v in (value if isinstance(value, list | tuple) else [value]) if v not in choices]
        return "is not one of the choices" if unknown else None

    return Rule(f"{', '.join(choices)}, or a list of these with one for each layer of weights", problem)


def matching(pattern: str, allowed: str) -> Rule:
    """Strings that match the pattern from end to end."""

    def problem(value: Any) -> str | None:
        if not isinstance(value, str):
            return "is not a string"
        return None if re.fullmatch(pattern, value) else "is not a name"

    return Rule(allowed, problem)


def count(number: int, one: str, many: str) -> str:
    """`1 entry`, `2 entries`."""
    return f"{number} {one if number == 1 else many}"


def plain(text: str) -> str:
    """The text itself if it reads as one word of a printed line, else quoted and escaped."""
    return text if text.isprintable() and text.strip() == text != "" else json.dumps(text)


def show(value: Any, depth: int = 3) -> str:
    """A value as TOML writes it, on one line, cut to 60 characters."""
    if isinstance(value, str):
        text = json.dumps(value)
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, int) and value.bit_length() > 128:
        text = f"an integer of {value.bit_length()} bits"
    elif isinstance(value, list | tuple):
        text = f"[{', '.join(show(v, depth - 1) for v in value[:30])}]" if depth else "[...]"
    elif isinstance(value, dict):
        text = "{...}"
    else:
        text = plain(str(value))
    return text if len(text) <= 60 else text[:57] + "..."


def read_toml(path: str | PathLike[str], source: str) -> dict[str, Any]:
    """Read a TOML file; ConfigError, which calls it `source`, if it cannot be read or is not TOML."""
    try:
        with open(path, "rb") as file:
            return tomllib.loads(file.read().decode())
    except OSError as error:
        problem = f"cannot be read ({error.strerror}); allowed is a TOML file"
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8; allowed is TOML in UTF-8"
    except tomllib.TOMLDecodeError as error:
        problem = f"not valid TOML, {error}"
    except ValueError:
        problem = "not valid TOML, a number has too many digits"
    except RecursionError:
        problem = "not valid TOML, lists or tables are nested too deeply"
    raise ConfigError(f"{source}: {problem}.")


def sentence(error: ValidationError, model: type[BaseModel], data: dict[str, Any]) -> str:
    """`<section.key>: <value> <what is wrong>; <what is allowed>.` of the error that is first in the data."""
    first = min(error.errors(include_url=False), key=lambda detail: _position(data, detail["loc"]))
    return _describe(first, model)


def _position(data: Any, loc: tuple[int | str, ...]) -> list[int]:
    """Place of a key in the order of the file; missing keys come last."""
    place: list[int] = []
    for part in loc:
        keys: list[Any] = list(data) if isinstance(data, dict) else list(range(len(data)))
        if part not in keys:
            return [*place, len(keys)]
        place.append(keys.index(part))
        data = data[part]
    return place


def _describe(detail: ErrorDetails, model: type[BaseModel]) -> str:
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, Conflict):
        return f"{cause.key}: {cause}."
    names = [f"[{part}]" if isinstance(part, int) else f".{_key(part)}" for part in detail["loc"]]
    key = "".join(names)[1:]
    if cause:
        return f"{key}: {cause}."
    *parents, last = map(str, detail["loc"])
    fields = ((section_of(model.model_fields[parents[0]]) if parents else None) or model).model_fields
    kind, value = detail["type"], show(detail["input"])
    if kind == "extra_forbidden":
        near = get_close_matches(last, fields, 1)
        hint = f", perhaps meant as {near[0]}" if near else ""
        return f"{key}: unknown key{hint}; allowed are {', '.join(fields)}."
    section = section_of(fields[last])
    if section and kind == "missing":
        required = (name for name, field in section.model_fields.items() if field.is_required())
        return f"{key}: missing section; required in it are {', '.join(required)}."
    if section:
        return f"{key}: {value} is not a table; allowed are tables of {', '.join(section.model_fields)}."
    problem = "missing key" if kind == "missing" else f"{value} is not one of the choices"
    return f"{key}: {problem}; allowed are {_allowed(fields[last])}."


def _key(part: str) -> str:
    return part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else json.dumps(part)


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field holds, None if it holds a value."""
    types = (field.annotation, *get_args(field.annotation))
    return next((t for t in types if isinstance(t, type) and issubclass(t, BaseModel)), None)


def _allowed(field: FieldInfo) -> str:
    rules = [rule.allowed for rule in field.metadata if isinstance(rule, Rule)]
    return rules[0] if rules else ", ".join(map(str, get_args(field.annotation))) or "true, false"

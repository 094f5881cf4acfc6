"""What a piece said, on disk: arrays and a small text that tells how they belong together. Written whole or not at all.

No pickles: a file from somewhere else can at worst be wrong, it cannot run anything.
"""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from graphflow.account_behaviour import Behaviour, Habits
from graphflow.errors import SourceError
from graphflow.rarity import Usual
from graphflow.scale.facts import AccountFacts
from graphflow.scale.part import Asked
from graphflow.scale.survey import Linked, Met, OfAccounts, Sieved
from graphflow.totals import Totals
from graphflow.value import Rate, Valuation
from graphflow.value.course import Course
from graphflow.words import Note

_KINDS = {
    kind.__name__: kind
    for kind in (
        AccountFacts, Totals, Behaviour, Habits, Asked, Linked, Met, OfAccounts, Sieved, Valuation, Rate, Course, Usual,
    )
}  # fmt: skip
_TEXT = "text"


def save(path: Path, thing: Any) -> None:
    """Write what a piece said, so that it is on the disk before it bears its name."""
    arrays: list[np.ndarray[Any, Any]] = []
    text = json.dumps(_plain(thing, arrays))
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        named = {str(number): array for number, array in enumerate(arrays)}
        np.savez(file, allow_pickle=False, **{_TEXT: np.frombuffer(text.encode(), np.uint8)}, **named)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def load(path: Path) -> Any:
    """What `save` wrote. Raises `SourceError` in one line."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        return _thing(json.loads(arrays[_TEXT].tobytes().decode()), arrays)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise SourceError(f"{path}: cannot be read ({type(error).__name__}); delete it, it is made anew") from error


def _plain(thing: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    """Lists that JSON can hold, each with its kind first."""
    match thing:
        case None | bool() | int() | float():
            return thing
        case Note():
            return ["note", thing.number, thing.noun, thing.rest]
        case str():
            return ["str", thing]
        case np.ndarray():
            arrays.append(thing)
            return ["array", len(arrays) - 1]
        case timedelta():
            return ["span", thing // timedelta(microseconds=1)]
        case tuple() | list():
            return [type(thing).__name__, *(_plain(each, arrays) for each in thing)]
        case dict():
            return ["dict", *([_plain(key, arrays), _plain(value, arrays)] for key, value in thing.items())]
    if not is_dataclass(thing):
        raise TypeError(f"nothing is known of a {type(thing).__name__}")
    return [type(thing).__name__, *(_plain(getattr(thing, field.name), arrays) for field in fields(thing))]


def _thing(plain: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    if not isinstance(plain, list):
        return plain
    kind, *rest = plain
    match kind:
        case "note":
            return Note.of(*rest)
        case "str":
            return rest[0]
        case "array":
            return arrays[str(rest[0])]
        case "span":
            return timedelta(microseconds=rest[0])
        case "tuple":
            return tuple(_thing(each, arrays) for each in rest)
        case "list":
            return [_thing(each, arrays) for each in rest]
        case "dict":
            return {_thing(key, arrays): _thing(value, arrays) for key, value in rest}
    names = [field.name for field in fields(_KINDS[kind])]
    return _KINDS[kind](**{name: _thing(each, arrays) for name, each in zip(names, rest, strict=True)})

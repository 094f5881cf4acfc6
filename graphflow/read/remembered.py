"""Mappings that a person gave once, kept by the header they were given for."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from graphflow.errors import SourceError
from graphflow.read.headers import folded


def signature(header: Sequence[str]) -> str:
    """What headers of the same columns in the same order have in common.

    >>> signature(["Date ", "amount"]) == signature(["DATE", "Amount"])
    True
    """
    return sha256("\n".join(folded(name) for name in header).encode()).hexdigest()[:16]


def recall(folder: Path, header: Sequence[str]) -> tuple[dict[str, str], Path | None]:
    """The mapping kept for a header, and the file it stands in. A file that is damaged says so in one line."""
    path = folder / f"{signature(header)}.toml"
    try:
        with path.open("rb") as stream:
            table = tomllib.load(stream)["map"]
        return {str(field): str(name) for field, name in table.items()}, path
    except FileNotFoundError:
        return {}, None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, AttributeError):
        raise SourceError(f"{path}: the mapping remembered there cannot be read; delete it, or give --map") from None


def keep(folder: Path, header: Sequence[str], mapping: Mapping[str, str]) -> Path | None:
    """Keep a mapping for a header, whole or not at all; nothing is kept where the folder cannot be written."""
    path = folder / f"{signature(header)}.toml"
    lines = ["# columns: " + ", ".join(_quoted(name) for name in header), "[map]"]
    lines += [f"{field} = {_quoted(name)}" for field, name in mapping.items()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError:
        return None
    return path


def _quoted(text: str) -> str:
    """A TOML string on one line, whatever the header holds."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'

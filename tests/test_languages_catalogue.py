"""The Chinese catalogue has every text that pages say through `t` or `say`, and none that nobody says any more."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import graphflow
from graphflow.account_names import TYPES
from graphflow.detect import DETECTORS
from graphflow.languages.catalogue import catalogue_of
from graphflow.languages.sentences import PLACEHOLDER
from graphflow.roles import ROLES
from graphflow.rules import PRESETS, explain, load_rules
from graphflow.view.marked import TERMS
from graphflow.view.text import RULES_SAID

PACKAGE = Path(graphflow.__file__).parent
ZH = catalogue_of("zh")
TEMPLATES = sorted((PACKAGE / "view" / "templates").rglob("*.j2"))
SCRIPTS = [path for path in sorted((PACKAGE / "view" / "assets").rglob("*.js")) if ".min." not in path.name]
PYTHON = [path for path in sorted(PACKAGE.rglob("*.py")) if "languages" not in path.parts]
SAYS = {"t": (0, 1), "say": (0, 1), "many": (1, 4)}
"""Functions that say fixed texts, and which of their arguments can be such texts."""

_CALL = re.compile(rf"(?<![\w$.])(?:[\w$]+\.)*({'|'.join(SAYS)})\(")
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"|\'((?:[^\'\\\n]|\\.)*)\'|`((?:[^`\\$]|\\.|\$(?!\{))*)`')
_SPOKEN = re.compile(r"[A-Za-z]{2}")


def texts_of(source: str) -> Iterator[str]:
    """Fixed texts that a script or a template says: the strings in the arguments of `t`, `say` and `many`."""
    for call in _CALL.finditer(source):
        first, last = SAYS[call[1]]
        for argument in list(arguments(source, call.end()))[first:last]:
            yield from (_plain(found) for found in _STRING.finditer(argument))


def arguments(source: str, at: int) -> Iterator[str]:
    """The arguments of a call whose first begins at `at`."""
    depth, start = 0, at
    while at < len(source):
        if string := _STRING.match(source, at):
            at = string.end()
            continue
        letter = source[at]
        if (letter in ")]}" and depth == 0) or (letter == "," and depth == 0):
            yield source[start:at]
            start = at + 1
            if letter != ",":
                return
        depth += (letter in "([{") - (letter in ")]}")
        at += 1


def _plain(found: re.Match[str]) -> str:
    text = next(group for group in found.groups() if group is not None)
    return re.sub(r"\\(u[0-9a-f]{4}|.)", lambda c: chr(int(c[1][1:], 16)) if len(c[1]) > 1 else c[1], text)


def texts_of_python(tree: ast.AST) -> Iterator[str]:
    """The same of Python; what an f-string makes is not fixed."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        first, last = SAYS.get(name, (0, 0))
        for argument in call.args[first:last]:
            yield from _choices(argument)


def _choices(argument: ast.expr) -> Iterator[str]:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.IfExp):
        yield from _choices(argument.body)
        yield from _choices(argument.orelse)


def said_by_pages() -> dict[str, str]:
    """Text → where it is said."""
    found: dict[str, str] = {}
    for path in [*TEMPLATES, *SCRIPTS]:
        found |= {text: path.name for text in texts_of(path.read_text("utf-8")) if _SPOKEN.search(text)}
    for path in sorted((PACKAGE / "view").glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        found |= {text: path.name for text in texts_of_python(tree) if _SPOKEN.search(text)}
    return found


def test_every_text_that_pages_say_is_in_the_catalogue() -> None:
    assert {text: where for text, where in said_by_pages().items() if text not in ZH.words} == {}


# --- names that are said as they come ------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [[kind.name for kind in DETECTORS], ROLES, TYPES, list(RULES_SAID.values()), [*TERMS, *TERMS.values()]],
    ids=["detectors", "roles", "types", "rules of tracing", "terms and what they mean"],
)
def test_every_name_is_in_the_catalogue(names: list[str]) -> None:
    assert [name for name in names if name not in ZH.words] == []


def test_every_unit_and_source_of_rules_is_in_the_catalogue() -> None:
    said: set[str] = set()
    for preset in PRESETS:
        rules = explain(load_rules(preset))
        said |= {text for column in ("unit", "source") for text in rules[column].to_list() if text}
    assert sorted(text for text in said if text not in ZH.words) == []


def test_every_parameter_of_rules_is_in_the_catalogue() -> None:
    assert set(ZH.parameters) == {name for preset in PRESETS for name in explain(load_rules(preset))["parameter"]}


def test_detectors_are_the_detectors() -> None:
    assert set(ZH.detectors) == {kind.name for kind in DETECTORS}


# --- nothing is left over --------------------------------------------------------------------------------


@cache
def sources() -> tuple[frozenset[str], str]:
    """Whole texts of the program's code; and the words of all it says, a bar where a text ends or has a gap."""
    whole: set[str] = set()
    pieces: list[str] = []
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                pieces += [part.value if isinstance(part, ast.Constant) else "" for part in node.values]
    for path in [*TEMPLATES, *SCRIPTS, *PACKAGE.rglob("*.toml")]:
        if path.parent.name != "languages":
            pieces.append(path.read_text("utf-8"))
    return frozenset(whole), "|".join(map(_words, [*pieces, *whole]))


def _words(text: str) -> str:
    return f" {' '.join(re.findall(r'[A-Za-z0-9_-]+', text))} "


def left_over(entry: str) -> bool:
    """Whether the program cannot say an entry: some piece of it, between gaps and joints, is nowhere in the code."""
    whole, everything = sources()
    pieces = (piece for part in PLACEHOLDER.split(entry)[::2] for piece in re.split(r": |[,;.] | \(", part))
    return entry not in whole and not all(_made_of(_words(piece).split(), everything) for piece in pieces)


def _made_of(words: list[str], everything: str) -> bool:
    """Whether a piece stands in the code, at most in three runs of words, as where a part of it is chosen."""
    for _ in range(min(3, (len(words) + 2) // 2)):
        run = next((k for k in range(len(words), 0, -1) if f" {' '.join(words[:k])} " in everything), 0)
        words = words[run:]
    return not words


def test_nothing_is_left_over() -> None:
    own = [entry for entry in ZH.words if not re.fullmatch(r"\{n\} .+", entry)]
    assert [entry for entry in [*own, *ZH.sentences] if left_over(entry)] == []


def test_every_noun_is_counted() -> None:
    assert [noun for noun in ZH.nouns if left_over(noun)] == []


# --- the scan sees what it should ------------------------------------------------------------------------

SCANNED = """
{{ t("Legend") }} {{ t('it\\'s "so"') }} {{ t("{n} of {of}", n=rows|length, of="all") }} {{ want("No") }}
<b>{{ reader.say(one if last else "Two words") }}</b> element.t("Attribute"); const a = t(`plain back quotes`);
t(`not ${fixed}`); many(list.length, "{n} row", "{n} rows"); t(open ? "Pause" : "Play", { n: t("inner") });
"""


def test_the_scan_finds_every_way_of_saying() -> None:
    assert list(texts_of(SCANNED)) == [
        "Legend", 'it\'s "so"', "{n} of {of}", "Two words", "Attribute", "plain back quotes", "{n} row", "{n} rows",
        "Pause", "Play", "inner",
    ]  # fmt: skip
    code = 'to.say("a" if x else "b", n="c")\nmany(to, 3, "{n} d", "{n} ds")\nto.say(f"{x} e")\nsay(f)'
    assert list(texts_of_python(ast.parse(code))) == ["a", "b", "{n} d", "{n} ds"]


def test_the_test_of_what_is_left_over_bites() -> None:
    assert left_over("nobody says this")
    assert left_over("{share} of the tea was drunk")
    assert left_over("{payers} within {span} of tea")
    assert not left_over("{payers} within {span}")

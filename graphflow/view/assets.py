"""Templates, styles and our own scripts of the pages. Each is read once."""

from __future__ import annotations

import re
from functools import cache
from hashlib import blake2b
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from graphflow.languages import Reader
from graphflow.view.marked import marked
from graphflow.words import count as plural
from graphflow.words import shown


@cache
def environment() -> Environment:
    """Jinja with everything from data escaped. What pyvis makes for itself escapes nothing."""
    made = Environment(
        loader=PackageLoader("graphflow.view"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    made.filters.update(shown=shown, plural=plural, marked=marked)
    made.globals.update(asset=asset, page_script=page_script)
    return made


def template(name: str) -> Template:
    """One of `templates/`."""
    return environment().get_template(name)


@cache
def asset(name: str) -> Markup:
    """One of `assets/`: our own text, inserted as it is."""
    return Markup(files("graphflow.view").joinpath("assets", name).read_text("utf-8"))


PARTS = (
    "base", "money", "state", "filter", "model", "places", "picture", "texts", "timeline", "table", "panel", "lists",
    "overlay", "steps", "search", "export", "keys", "start",
)  # fmt: skip
"""The files of the script of a case page and of a trace page, in the order in which they stand in it."""

_SAID = re.compile(r'\b(?:t|many)\(((?:[^"()]*"(?:[^"\\]|\\.)*")+)')


@cache
def page_script() -> Markup:
    """Our script of a case page and of a trace page: one function, so that nothing of it is global."""
    return (
        Markup('"use strict";\n(() => {\n') + Markup("\n").join(asset(f"page/{p}.js") for p in PARTS) + Markup("})();")
    )


@cache
def script_texts() -> tuple[str, ...]:
    """Every fixed English text that the script of a page shows: the first texts of its calls of `t` and of `many`."""
    found = {text: None for call in _SAID.findall(page_script()) for text in re.findall(r'"((?:[^"\\]|\\.)*)"', call)}
    return tuple(found)


def script_words(to: Reader) -> dict[str, str]:
    """What the script's texts are in the reader's language; those without a translation stay English."""
    return {text: to.words[text] for text in script_texts() if text in to.words}


def nonce_of(content: str) -> str:
    """The word that lets our scripts run, and no other. Two runs on the same input give the same pages, so it
    comes from the content: whoever chose one name in it does not know the rest."""
    return blake2b(content.encode("utf-8", "backslashreplace"), digest_size=16, person=b"graphflow nonce").hexdigest()

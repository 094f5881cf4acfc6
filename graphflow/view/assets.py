"""Templates, styles and our own scripts of the pages. Each is read once."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

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
    made.filters.update(shown=shown, plural=plural)
    made.globals.update(asset=asset)
    return made


def template(name: str) -> Template:
    """One of `templates/`."""
    return environment().get_template(name)


@cache
def asset(name: str) -> Markup:
    """One of `assets/`: our own text, inserted as it is."""
    return Markup(files("graphflow.view").joinpath("assets", name).read_text("utf-8"))


def nonce_of(content: str) -> str:
    """The word that lets our scripts run, and no other. Two runs on the same input give the same pages, so it
    comes from the content: whoever chose one name in it does not know the rest."""
    return blake2b(content.encode("utf-8", "backslashreplace"), digest_size=16, person=b"graphflow nonce").hexdigest()

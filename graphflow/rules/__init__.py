"""Rules: the parameters of the detectors, as presets and as files a person can change.

    preset = "intl-app"

    [fan-in]
    min_payers = 5
    window = { value = "24h", source = "our own cases of 2025" }

    [cycle]
    off = true

Durations are texts of numbers with d, h, m or s ("1h30m"). What a file leaves out keeps the value of its preset; a
preset says only what differs from the detectors' own defaults, which are those of the preset `cn-telecom`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field, fields, replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from graphflow.detect import DETECTORS, Detector
from graphflow.errors import RuleError, did_you_mean, one_line
from graphflow.rules.values import checked, from_text, in_toml, parse_span, shown, span_text

__all__ = [
    "DEFAULT_PRESET", "PRESETS", "Rules", "as_table", "default_rules", "explain", "load_rules", "parse_span",
    "rules_file", "span_text", "with_settings",
]  # fmt: skip

_FOLDER = Path(__file__).parent.parent / "presets"
DEFAULT_PRESET = "cn-telecom"
PRESETS = (DEFAULT_PRESET, "intl-app", "crypto")
"""Names of the sets of rules that come with graphflow."""

_OFF = "off"
_USER = "set by the user"
D = TypeVar("D", bound=Detector)
Name = tuple[str, str]


class Rules(list[Detector]):
    """The detectors to run, a list of them as any other, and where their values come from.

    preset   the preset they start from
    sources  (detector, parameter) → source, where it is not the one the detector itself names for its default
    off      detectors that are switched off
    """

    def __init__(
        self,
        detectors: Iterable[Detector],
        *,
        preset: str = "",
        sources: Mapping[Name, str] | None = None,
        off: Iterable[Detector] = (),
    ) -> None:
        super().__init__(detectors)
        self.preset, self.sources, self.off = preset, dict(sources or {}), tuple(off)


def default_rules() -> Rules:
    """Every detector with its default parameters, which are the preset `cn-telecom`."""
    return load_rules(DEFAULT_PRESET)


def load_rules(source: PathLike[str] | str) -> Rules:
    """The detectors of a preset or of a rules file, in the order of `DETECTORS`.

    A name of a preset is that preset (`./crypto` is a file of that name); anything else is a file, which may begin with
    `preset = "intl-app"`. A detector whose table has `off = true` is left out.
    Raises `RuleError` naming the file, the table, the parameter, or the value that is not right.
    """
    if source in PRESETS:
        return _preset(fspath(source))
    path = fspath(source)
    content = _read(Path(path), path)
    name = content.pop("preset", DEFAULT_PRESET)
    if name not in PRESETS:
        raise RuleError(f'{path}: there is no preset "{name}": {did_you_mean(str(name), PRESETS)}')
    return _applied(_preset(name), content, where=path, source=f"rules file {path}")


def _preset(name: str) -> Rules:
    content = _read(_FOLDER / f"{name}.toml", name)
    return _applied(Rules([kind() for kind in DETECTORS], preset=name), content, where=name, source=f"preset {name}")


def _read(path: Path, said: str) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError:
        presets = ", ".join(PRESETS)
        near = did_you_mean(said, PRESETS)
        hint = f": {near}" if near.startswith("did") else ""
        raise RuleError(f"{said}: no such rules file, and no preset of that name ({presets}){hint}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RuleError(f"{said}: is not a TOML rules file ({error})") from None


def _applied(rules: Rules, content: Mapping[str, Any], *, where: str, source: str) -> Rules:
    """Rules with the tables of a file put over them; `source` is what a value is said to come from."""
    known = {d.name: d for d in (*rules, *rules.off)}
    off, sources = {d.name for d in rules.off}, dict(rules.sources)
    for name, table in content.items():
        if name not in known:
            raise RuleError(f'{where}: there is no detector "{name}": {did_you_mean(name, known)}')
        if not isinstance(table, Mapping):
            raise RuleError(f"{where}: [{name}] must be a table")
        for key, given in table.items():
            here = f"{where}: {name}.{key}"
            value, said = _annotated(given, here)
            if key == _OFF:
                off = _switched(off, name, value, here)
                sources[name, _OFF] = said or source
                continue
            known[name], changed = _changed(known[name], key, value, where)
            if said or changed:  # a value that stays as it was comes from where it came from before
                sources[name, key] = said or source
    return Rules(
        [d for d in known.values() if d.name not in off],
        preset=rules.preset,
        sources=sources,
        off=[d for d in known.values() if d.name in off],
    )


def _annotated(given: object, where: str) -> tuple[object, str]:
    """A plain value, or the two parts of `{ value = …, source = "…" }`."""
    if not (isinstance(given, Mapping) and "value" in given):
        return given, ""
    for key in given:
        if key not in ("value", "source"):
            raise RuleError(f'{where} has "{key}" beside its value: {did_you_mean(key, ("source",))}')
    said = given.get("source", "")
    if not isinstance(said, str):
        raise RuleError(f"{where}: its source must be a text, not {said!r}")
    return given["value"], one_line(said)


def _switched(off: set[str], name: str, value: object, where: str) -> set[str]:
    if not isinstance(value, bool):
        raise RuleError(f"{where} must be true or false, not {value!r}")
    return off | {name} if value else off - {name}


def _changed(detector: D, key: str, value: object, where: str) -> tuple[D, bool]:
    """The detector with one parameter changed, and whether that made a difference."""
    made = checked(value, _parameter(detector, key, where), f"{where}: {detector.name}.{key}")
    changes: dict[str, Any] = {key: made}
    return replace(detector, **changes), made != getattr(detector, key)


def _parameter(detector: Detector, key: str, where: str) -> Field[Any]:
    known = {f.name: f for f in fields(detector)}
    if key not in known:
        raise RuleError(f'{where}: {detector.name} has no parameter "{key}": {did_you_mean(key, known)}')
    return known[key]


def with_settings(detectors: Sequence[Detector], settings: Iterable[str]) -> Rules:
    """Detectors with single parameters set: "cycle.window=48h", "fan-out.off=true", "structuring.thresholds.CNY=50000".

    Raises `RuleError` naming the detector, the parameter or the value that is not right.

    >>> with_settings(default_rules(), ["cycle.window=48h"])[0].window
    datetime.timedelta(days=2)
    """
    rules = detectors if isinstance(detectors, Rules) else _with_off(detectors)
    names = [d.name for d in rules]
    for setting in settings:
        if len(set(names)) < len(names):
            raise RuleError(f"{setting}: several detectors have one name; set their parameters where you make them")
        rules = _set(rules, setting)
    return rules


def _with_off(detectors: Sequence[Detector]) -> Rules:
    """A plain list of detectors: those it lacks are off."""
    names = {d.name for d in detectors}
    return Rules(detectors, off=[kind() for kind in DETECTORS if kind.name not in names])


def _set(rules: Rules, setting: str) -> Rules:
    path, equals, text = setting.partition("=")
    name, dot, rest = path.strip().partition(".")
    key, _, entry = rest.partition(".")
    if not (equals and dot and key):
        raise RuleError(f'"{setting}" must be like cycle.window=48h: detector, point, parameter, =, value')
    known = {d.name: d for d in (*rules, *rules.off)}
    if name not in known:
        raise RuleError(f'{setting}: there is no detector "{name}": {did_you_mean(name, known)}')
    text = text.strip()
    if key == _OFF:
        value: object = {"true": True, "false": False}.get(text.lower(), text)
    else:
        if name not in {d.name for d in rules}:
            raise RuleError(f"{setting}: {name} is off; to use it set {name}.off=false first")
        value = _setting_value(known[name], key, entry, text, setting)
    made = _applied(rules, {name: {key: value}}, where=setting, source=_USER)
    order = [kind.name for kind in DETECTORS]
    made.sort(key=lambda d: order.index(d.name) if d.name in order else len(order))
    return made


def _setting_value(detector: Detector, key: str, entry: str, text: str, setting: str) -> object:
    parameter = _parameter(detector, key, setting)
    value = from_text(text, parameter)
    if isinstance(parameter.default, tuple):
        if not entry:
            raise RuleError(f"{setting}: {detector.name}.{key} is a table; set one entry, as {key}.NAME=…")
        return {**dict(getattr(detector, key)), entry: value}
    if entry:
        raise RuleError(f"{setting}: {detector.name}.{key} is no table, so it has no {entry}")
    return value


# --- what is used, and why ----------------------------------------------------------------------------


def explain(detectors: Sequence[Detector]) -> pl.DataFrame:
    """One row a parameter: `detector`, `parameter`, `value`, `unit`, and `source`, where the value comes from.

    A detector that is switched off has one row, `off`.

    >>> explain(with_settings(default_rules(), ["cycle.window=48h"])).row(1)
    ('cycle', 'window', '48h', 'duration', 'set by the user')
    """
    sources = detectors.sources if isinstance(detectors, Rules) else {}
    rows = [
        (d.name, f.name, shown(getattr(d, f.name)), f.metadata.get("unit", ""), _source(d, f, sources))
        for d in detectors
        for f in fields(d)
    ]
    off = detectors.off if isinstance(detectors, Rules) else ()
    rows += [(d.name, _OFF, "true", "", sources.get((d.name, _OFF), _USER)) for d in off]
    return pl.DataFrame(
        rows, schema=dict.fromkeys(("detector", "parameter", "value", "unit", "source"), pl.String), orient="row"
    )


def _source(detector: Detector, parameter: Field[Any], sources: Mapping[Name, str]) -> str:
    own: str = parameter.metadata.get("source", "")
    as_made = getattr(detector, parameter.name) == parameter.default
    return sources.get((detector.name, parameter.name), own if as_made else _USER)


def as_table(detectors: Sequence[Detector]) -> dict[str, dict[str, str]]:
    """Detector → parameter → value as text, for run.json."""
    return {d.name: {f.name: shown(getattr(d, f.name)) for f in fields(d)} for d in detectors}


def rules_file(detectors: Sequence[Detector]) -> str:
    """A rules file that says what the detectors' parameters are, each table headed by what it sees.

    Units and sources stand beside the values as comments.
    """
    rules = detectors if isinstance(detectors, Rules) else _with_off(detectors)
    tables = [f'preset = "{rules.preset}"'] if rules.preset else []
    for detector in rules:
        lesson = (type(detector).__doc__ or "").strip().splitlines()[0]
        lines = [f"# {lesson}", f"[{detector.name}]"]
        for f in fields(detector):
            about = "; ".join(filter(None, (f.metadata.get("unit", ""), _source(detector, f, rules.sources))))
            lines.append(
                f"{f.name} = {in_toml(getattr(detector, f.name))}" + (f"  # {one_line(about)}" if about else "")
            )
        tables.append("\n".join(lines))
    tables += [f"[{detector.name}]\noff = true" for detector in rules.off]
    return "\n\n".join(tables) + "\n"

"""Text of the pages is readable: contrast of at least 4.5 to 1 (WCAG AA), in light, in dark and on paper.

Colours are custom properties of the style sheets; what is drawn (bars, lines of a chart) needs 3 to 1.
"""

from __future__ import annotations

import re

import pytest

from graphflow.view.assets import asset

SCHEMES = ("light", "dark", "print")
_BLOCK = re.compile(
    r"(?P<dark>@media \(prefers-color-scheme: dark\) \{\s*)?:root(?P<print>\.print)? \{(?P<body>[^}]*)\}"
)
_COLOUR = re.compile(r"--([\w-]+):\s*(#[0-9a-f]{3,6})\b")


def colours(scheme: str) -> dict[str, str]:
    """The colours of the pages in a scheme: those of light, and what the scheme puts in their place."""
    found: dict[str, dict[str, str]] = {name: {} for name in SCHEMES}
    for sheet in ("page.css", "report.css"):
        for block in _BLOCK.finditer(asset(sheet)):
            kind = "dark" if block["dark"] else "print" if block["print"] else "light"
            found[kind].update(_COLOUR.findall(block["body"]))
    return found["light"] | found[scheme]


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_reckoned_as_it_is_defined() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.478, abs=0.001)


def test_every_scheme_has_its_own_colours() -> None:
    grounds = {scheme: colours(scheme)["ink"] for scheme in SCHEMES}
    assert len(set(grounds.values())) == 3


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_stands_out_from_what_it_is_written_on(scheme: str) -> None:
    own = colours(scheme)
    pairs = [(text, ground) for text in ("ink", "soft", "link") for ground in ("ground", "sheet", "wash")]
    pairs += [("high", "sheet"), ("sheet", "high"), ("chart-ink", "sheet"), ("chart-ink", "chart-ground")]
    low = {pair: round(contrast(own[pair[0]], own[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_bars_stand_out_from_their_ground(scheme: str) -> None:
    own = colours(scheme)
    bars = ("plain", "high", "sum", "review", "inflow", "outflow")
    low = {bar: round(contrast(own[f"chart-{bar}"], own["chart-ground"]), 2) for bar in bars}
    assert {bar: ratio for bar, ratio in low.items() if ratio < 3} == {}

"""A chart of a report: figures to draw, the sentences that say what they are, and the table that says the same.

The browser only draws. Everything is reckoned before, and stands in a table under its chart for whoever cannot see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from markupsafe import Markup

from graphflow.flow import Flow
from graphflow.languages import Reader
from graphflow.ledger import default_decimals
from graphflow.view.assets import asset
from graphflow.view.text import money
from graphflow.words import shown


@dataclass(frozen=True, kw_only=True)
class Series:
    """One set of bars. `colour` names a colour of report.css."""

    name: str
    colour: str
    values: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart and its figures in words.

    title, note  what is shown; unit: what the axis of values counts
    labels       one a bar; across: bars go from left to right, names beside them; counts: values are whole numbers
    cut          where bars are cut so that the others stay visible, and cut_note, which says so; 0: nowhere
    header       of the table, with whether a column holds numbers; rows: of the table
    """

    id: str
    title: str
    note: str
    unit: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    header: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[str, ...], ...]
    cut: float = 0.0
    cut_note: str = ""
    across: bool = False
    counts: bool = False
    stacked: bool = False

    @property
    def data(self) -> dict[str, Any]:
        """What the browser draws."""
        bars = [{"name": s.name, "colour": s.colour, "values": s.values} for s in self.series]
        return {"id": self.id, "unit": self.unit, "labels": self.labels, "series": bars, "across": self.across,
                "stacked": self.stacked, "counts": self.counts, "cut": self.cut}  # fmt: skip


@cache
def chart_script() -> Markup:
    """The chart library, without the line that makes browsers look for its map."""
    return Markup(asset("vendor/chart.umd.min.js").partition("//# sourceMappingURL=")[0])


def cut_at(totals: Sequence[int]) -> int:
    """Where the tallest bars are to be cut: 0 where none stands so far above the others that they cannot be seen.

    Nine of ten bars keep their whole height; what is more than four times as tall as they are is cut at twice theirs.

    >>> cut_at([1, 2, 3, 2, 1, 5000]), cut_at([1, 2, 3, 2, 1, 9])
    (6, 0)
    """
    held = sorted(total for total in totals if total > 0)
    usual = held[(len(held) - 1) * 9 // 10] if len(held) > 2 else 0
    return 2 * usual if usual and held[-1] > 4 * usual else 0


# --- values ----------------------------------------------------------------------------------------------


def base(flow: Flow) -> str:
    """The currency that values are in, as a page shows it."""
    return shown(flow.valuation.base, 12)


def one_unit(flow: Flow) -> int:
    """Minor units of the base currency in one of it."""
    base = flow.valuation.base
    places: int = 10 ** flow.ledger.decimals.get(base, default_decimals(base))
    return places


def amount(value: int, flow: Flow) -> str:
    """An amount of the base currency, which the heading of its column names."""
    return money(value, flow.valuation.base, flow.ledger.decimals).split(" ", 1)[0]


def valued(flow: Flow, to: Reader) -> str:
    """What the amounts of a chart are: they may not be what was paid."""
    if len(flow.ledger.currencies) < 2:
        return to.say("All amounts are in {unit}.", unit=base(flow))
    told = to.say(
        "Several currencies are shown by their value in {unit}, at the rates under Warnings.", unit=base(flow)
    )
    if flow.valuation.rough:
        told += " " + to.say("Some of those rates are rough.")
    return told

"""Times of simulators: whole steps from a start, an hour or a day each."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

_WHOLE = r"^\d{1,6}(\.0+)?$"
FORMS = {timedelta(hours=1): "%Y-%m-%d %H:%M", timedelta(days=1): "%Y-%m-%d"}


def dated(steps: pl.Series, start: datetime, step: timedelta) -> pl.Series:
    """Steps as dates (steps of a day) or as dates and minutes (of an hour); what is no step stays as it is.

    >>> dated(pl.Series(["0", "25", "x"]), datetime(2020, 1, 1), timedelta(hours=1)).to_list()
    ['2020-01-01 00:00', '2020-01-02 01:00', 'x']
    """
    known = steps.unique().drop_nulls()  # a few hundred steps in millions of rows: each is written once
    known = known.filter(known.str.contains(_WHOLE))
    count = known.str.split(".").list.first().cast(pl.Int64)
    times = (pl.lit(start) + pl.lit(count) * step).dt.strftime(FORMS[step])
    texts = pl.select(times).to_series() if known.len() else known
    return steps.replace(known, texts)

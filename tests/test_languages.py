"""For whom pages are written: a language, a clock, and a line for what is not known."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from graphflow.errors import RuleError
from graphflow.languages import Reader, reader


def test_what_no_catalogue_has_stays_english() -> None:
    assert reader("zh").say("nobody has translated {what}", what="this") == "nobody has translated this"
    assert Reader().say("{") == "{"


def test_times_are_by_the_readers_clock() -> None:
    assert reader(zone="Asia/Shanghai").moment(datetime(2026, 3, 4, 20, 17, tzinfo=UTC)) == "2026-03-05 04:17"


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "../etc/passwd", "\x00"])
def test_an_unknown_zone_is_a_line(zone: str) -> None:
    with pytest.raises(RuleError, match="there is no time zone"):
        reader(zone=zone)


def test_an_unknown_language_is_a_line() -> None:
    with pytest.raises(RuleError, match='there is no language "zg"'):
        reader("zg")

"""Every sentence that reaches a page is read by a template of the Chinese catalogue, with its figures and names."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from ledgers import EXAMPLES, Row, graph_of, nasty_rows, random_rows
from long_ledgers import long_rows
from test_battery import eager
from traces import simulated, simulated_ledger, simulated_trace

import graphflow as gf
from graphflow.case import Case
from graphflow.detect import DETECTORS
from graphflow.graph import FlowGraph
from graphflow.languages import Reader, reader
from graphflow.trace import Trace
from graphflow.view.trace_sections import sections
from graphflow.words import named

ROOT = Path(__file__).parent.parent
ZH = reader("zh")
_FIGURE = re.compile(r"\d[\d,.]*\d|\d")
AS_THEY_ARE = {"", "—", "UTC"}


def unread(sentences: Iterable[str]) -> list[str]:
    """Sentences that stay English."""
    return [text for text in dict.fromkeys(sentences) if text not in AS_THEY_ARE and ZH.say(text) == text]


def figures(text: str) -> Counter[str]:
    return Counter(_FIGURE.findall(text))


def figures_lost(sentences: Iterable[str]) -> list[tuple[str, str]]:
    """Sentences whose figures are not those of what they are told as."""
    told = [(text, ZH.say(text)) for text in dict.fromkeys(sentences)]
    return [(text, said) for text, said in told if figures(text) != figures(said)]


def of_cases(graph: FlowGraph, cases: Iterable[Case], truncated: Iterable[str], warnings: Iterable[str]) -> list[str]:
    """What the pages of cases and the report say of a run, in sentences."""
    said = [*truncated, *warnings]
    for case in cases:
        said += [case.headline, case.split, case.level, *case.roles.values(), *case.role_reasons.values()]
        said += [text for part in case.parts for text in (part.sentence, part.kind)]
        for finding in case.findings:
            said += [finding.detector, finding.reason, finding.truncated]
            said += [text for part in finding.parts for text in (part.sentence, part.kind)]
    types = graph.flow.types
    return said + [types.words(code) for code in range(graph.flow.account_count)]


def of_trace(trace: Trace) -> list[str]:
    """What the page of a trace says, in sentences."""
    said = [*trace.notes, *trace.truncated, *trace.warnings]
    tables = {
        "freeze_first": ("action", "reason", "type"),
        "holdings": ("ends", "type"),
        "choke_points": ("kind", "reason"),
        "key_accounts": ("reasons", "type"),
        "early_warning": ("kind", "why"),
    }
    for name, columns in tables.items():
        said += [text for column in columns for text in getattr(trace, name)[column].to_list() if text]
    for section in sections(trace, Reader()):
        said += [section.title, section.note]
        said += [text for column in section.columns for text in (column.heading, column.hint)]
    return said


def detected(graph: FlowGraph, *, brief: bool = True) -> Iterator[str]:
    """What eager detectors and the cases of what they find say."""
    found = gf.detect(graph, [eager(kind, brief=brief) for kind in DETECTORS])
    yield from of_cases(graph, gf.open_cases(graph, found), found.truncated, found.warnings)


@cache
def sample(path: str) -> list[str]:
    result = gf.analyze(ROOT / path)
    return of_cases(result.graph, result.cases, result.truncated, result.warnings)


@cache
def town() -> list[str]:
    graph = FlowGraph(simulated_ledger())
    found = gf.detect(graph)
    return of_cases(graph, gf.open_cases(graph, found), found.truncated, found.warnings)


def detector_samples() -> list[str]:
    return sorted(f"samples/{path.name}" for path in (ROOT / "samples").glob("*.csv"))


@pytest.mark.parametrize("path", [*detector_samples(), "samples/case"])
def test_what_is_said_of_a_sample_is_read(path: str) -> None:
    assert unread(sample(path)) == []
    assert figures_lost(sample(path)) == []


def test_what_is_said_of_a_simulated_town_is_read() -> None:
    assert unread(town()) == []
    assert figures_lost(town()) == []


@pytest.mark.parametrize("first", [1, 40])
def test_what_a_trace_says_is_read(first: int) -> None:
    said = of_trace(simulated_trace(first))
    assert unread(said) == []
    assert figures_lost(said) == []


@settings(EXAMPLES, max_examples=15)
@given(nasty_rows())
def test_what_eager_detectors_say_of_any_ledger_is_read(rows: list[Row]) -> None:
    said = list(detected(graph_of(rows)))
    assert unread(said) == []
    assert figures_lost(said) == []


def test_what_eager_detectors_say_of_ledgers_of_weeks_is_read() -> None:
    said = [text for seed in range(8) for text in detected(graph_of(long_rows(random.Random(seed))), brief=False)]
    said += [text for seed in range(30) for text in detected(graph_of(random_rows(random.Random(seed), most=40)))]
    assert unread(said) == []
    assert figures_lost(said) == []


def test_names_are_told_as_they_are() -> None:
    accounts = [named(name) for name in simulated_ledger().names]
    told = 0
    for text in [text for text in dict.fromkeys(town()) if text]:
        for account in [account for account in accounts if account in text]:
            assert account in ZH.say(text)
            told += 1
    assert told > 20
    assert simulated().transfers.height == simulated_ledger().height


def test_english_is_what_was_said() -> None:
    to = reader("en")
    assert all(to.say(text) == text for text in [*town(), *of_trace(simulated_trace(40))])


def test_a_frame_of_sentences_can_be_told() -> None:
    """Sentences travel through columns."""
    column = pl.Series(["paid first", "money stays 5 minutes on average"])
    assert [ZH.say(text) for text in column.to_list()] == ["最先付款", "资金平均停留 5 分钟"]

"""What a terminal shows: a progress bar on stderr, and tables on stdout. Nothing from a file reaches it unescaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from graphflow.words import count, percent, shown, span, visible

if TYPE_CHECKING:
    from graphflow.analysis import Analysis
    from graphflow.changes import Changes
    from graphflow.evaluate import Evaluation
    from graphflow.ledger import Ledger, Source
    from graphflow.read.dialects import Dialect
    from graphflow.read.source import RawFile
    from graphflow.rules import Rules
    from graphflow.scale.tasks import Done
    from graphflow.store import Ingested
    from graphflow.trace import Trace

_WIDE = 120
_PAGE = 100
_TOP = 15
_GAPS = 5
_EACH = 8
_ID = 44


class Bar:
    """Progress on stderr; silent when stderr is no terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description:<8}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self._rows, self._busy, self._done = 0, 0.0, 0

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def stage(self, name: str) -> None:
        """Begin a stage."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(name, total=None, rate="")

    def rows(self, source: RawFile, rows: int) -> None:
        """Rows read, with their rate."""
        if self._task is None:
            return
        self._progress.advance(self._task, rows)
        task = next(t for t in self._progress.tasks if t.id == self._task)
        rate = f"{task.speed:,.0f} rows/s" if task.speed else ""
        self._progress.update(self._task, description=shown(Path(source.path).name, 24), rate=rate)

    def pieces(self, what: str, done: int, of: int, last: Done | None) -> None:
        """Pieces of a store done, how fast, how long the others take, and memory."""
        if self._task is None:
            return
        self._progress.update(self._task, description=what, completed=done, total=of)
        if last is None or not last.seconds:
            return
        self._rows, self._busy, self._done = self._rows + last.rows, self._busy + last.seconds, self._done + 1
        task = next(t for t in self._progress.tasks if t.id == self._task)
        left = timedelta(seconds=round((task.finished_time or task.elapsed or 0) / max(done, 1) * (of - done)))
        rate = f"{self._rows / self._busy:,.0f} rows/s a worker · {span(left)} left · {last.peak_mb:,} MiB"
        self._progress.update(self._task, rate=rate)

    def pages(self, what: str, done: int, of: int) -> None:
        """Pages written."""
        if self._task is not None:
            self._progress.update(self._task, description=what, completed=done, total=of)


def print_cases(analysis: Analysis, out: Path, changed: Changes | None = None) -> None:
    """The best-ranked cases, of those that are new or have grown where that is known, and where everything is."""
    console = Console()
    cases = analysis.cases
    told = [case for case in cases if changed is None or changed.by_case[case.id] in ("new", "grown")]
    table = Table(box=None, pad_edge=False, header_style="bold")
    became = [("since", "left")] if changed is not None else []
    for name, align in (
        ("case", "left"), *became, ("level", "left"), ("points", "right"), ("amount", "right"), ("why", "left"),
    ):  # fmt: skip
        table.add_column(name, justify="right" if align == "right" else "left", no_wrap=name != "why")
    for case in told[:_TOP]:
        style = "bold red" if case.level == "high" else ""
        change = [changed.by_case[case.id]] if changed is not None else []
        table.add_row(
            case.id, *change, Text(case.level, style), f"{case.points:.1f}", case.amount_text,
            Text(visible(case.headline)),
        )  # fmt: skip
    if told:
        console.print(table)
    high = sum(case.level == "high" for case in cases)
    more = f", the first {_TOP} shown" if len(told) > _TOP else ""
    console.print(
        Text(
            f"{count(analysis.ledger.whole_height, 'transfer')}, {count(len(analysis.findings), 'finding')}, "
            f"{count(len(cases), 'case')} ({high:,} high){more}"
        )
    )
    if changed is not None:
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in changed.counts.items())
        console.print(Text(f"since the run before: {kinds}: {out / 'changes.csv'}"), soft_wrap=True)
    console.print(Text(f"report: {out / 'report.html'}"), soft_wrap=True)


def print_trace(trace: Trace, out: Path) -> None:
    """What to act on first, and where everything is."""
    from graphflow.ledger import major
    from graphflow.trace.freeze import ENQUIRED, leading

    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("", "do", "account", "amount", "why"):
        table.add_column(name, justify="right" if name in ("", "amount") else "left", overflow="fold")
    listed = leading(trace.freeze_first, _EACH)
    for row in listed.iter_rows(named=True):
        amount = row["traced"] if row["action"] == ENQUIRED else row["suggested_freeze"]
        amount = f"{major(amount, trace.flow.ledger.decimals[row['currency']])} {row['currency']}"
        cells = (f"{row['rank']}", row["action"], shown(row["account"], _ID), amount, row["reason"])
        table.add_row(*(Text(visible(cell)) for cell in cells))
    console.print(table if table.rows else Text("no account on the trail still holds traced money to act on"))
    rows = trace.taints.rows.height
    told = f"{count(trace.payments.height, 'payment')} of {count(len(trace.victims), 'victim')}"
    reached = f"{count(len(trace.taints.tiers), 'account')} reached, {count(rows, 'row')} of carried money"
    if more := trace.freeze_first.height - listed.height:
        console.print(Text(f"the first {_EACH} of each action; freeze_first.csv has {more:,} more"))
    console.print(Text(f"{told} followed: {reached}; order {trace.order}"))
    console.print(Text(f"page: {out / 'trace.html'}"), soft_wrap=True)


def print_ingested(done: Ingested, store: Path) -> None:
    """Where the rows of the new files went, and what the store holds now."""
    console = Console()
    new = done.after.sources[len(done.before.sources) :]
    if not new:
        console.print(Text("all of it is in the store already: nothing changed"))
    for source in new:
        parts = ", ".join(f"{number:,} {kind}" for kind, number in source.rows.items() if number or kind == "read")
        console.print(Text(f"{visible(source.path)}: {parts}"), soft_wrap=True)
    days = done.after.parts
    held = f"{count(done.after.rows, 'transfer')} of {count(len(days), 'day')}, {days[0].day} to {days[-1].day}"
    console.print(Text(f"store {store}: {done.rows:+,} transfers; now {held}"), soft_wrap=True)


def print_rules(rules: Rules) -> None:
    """Each parameter with its value, unit, and where the value comes from."""
    from graphflow.rules import explain

    console = Console()
    if not console.is_terminal:
        console = Console(width=_PAGE)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name, most in (("detector", None), ("parameter", None), ("value", 16), ("unit", 14)):
        table.add_column(name, overflow="fold", max_width=most)
    table.add_column("where the value comes from", ratio=1, overflow="fold")
    before = ""
    for detector, *cells in explain(rules).iter_rows():
        if before and detector != before:
            table.add_section()
        first = Text("" if detector == before else visible(detector), "bold")
        table.add_row(first, *(Text(visible(cell)) for cell in cells))
        before = detector
    console.print(Text(f"preset {rules.preset}" if rules.preset else "no preset"))
    console.print(table)


def print_sources(ledger: Ledger) -> None:
    """What was recognised in each file, and the ledger it made."""
    console = Console()
    for source in ledger.sources:
        console.print(Text(visible(source.path), "bold"), soft_wrap=True)
        table = _facts_table()
        for name, value in _facts(source):
            table.add_row(name, Text(visible(value)))
        console.print(table)
    first, last = ledger.frame["time"][0], ledger.frame["time"][-1]
    places = ", ".join(f"{c} ({d} decimals)" for c, d in ledger.decimals.items())
    rows = (
        ("transfers", f"{ledger.height:,} between {ledger.accounts.height:,} accounts"),
        ("time", f"{first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC, told by the {span(ledger.precision)}"),
        ("currencies", places),
    )
    table = _facts_table()
    for name, value in rows:
        table.add_row(name, Text(visible(value)))
    console.print(Text("ledger", "bold"))
    console.print(table)
    _print_examples(console, ledger)


def _facts_table() -> Table:
    """A name and what is said of it a row; nothing is cut where Chinese words do not fit a line."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


def print_dialects(dialects: Mapping[str, Dialect]) -> None:
    """Each format, with the first sentence of what it says of itself."""
    console = Console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("name", no_wrap=True)
    table.add_column("what it is", overflow="fold")
    for name, dialect in dialects.items():
        first = (dialect.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ").replace("`", "").replace("**", "")
        table.add_row(Text(name, "bold"), Text(first))
    console.print(table)


def print_evaluation(evaluation: Evaluation) -> None:
    """Attempts by typology, transactions by level, and the ranking's average precision."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    for frame in (evaluation.typologies, evaluation.transactions):
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name, kind in frame.schema.items():
            table.add_column(name, justify="right" if kind.is_numeric() else "left", no_wrap=True)
        for row in frame.iter_rows():
            table.add_row(*(Text(visible(_worded(value))) for value in row))
        console.print(table)
        console.print()
    console.print(Text(f"average precision of the cases in rank order: {evaluation.average_precision:.4f}"))
    console.print(Text(f"the same over transactions: {evaluation.transaction_precision:.4f}"))
    if evaluation.missing:
        console.print(
            Text(f"{count(evaluation.missing, 'transaction')} of the truth not in the ledger: their attempts lack them")
        )


def _worded(value: object) -> str:
    if isinstance(value, bool):
        return "look-alike" if value else ""
    return f"{value:,}" if isinstance(value, int) else f"{value}"


def _facts(source: Source) -> list[tuple[str, str]]:
    separator = {"\t": "tab", "": "none"}.get(source.separator, source.separator)
    rows = ", ".join(f"{kind} {source.rows[kind]:,}" for kind in source.rows)
    facts = [
        ("dialect", source.dialect),
        ("encoding", f"{source.encoding}, separator {separator}, {source.bytes:,} bytes"),
        ("sha256", source.sha256),
        ("header", f"line {source.header_line}, below {' / '.join(source.title)}" if source.title else ""),
        ("times", source.time_format),
        ("columns", ", ".join(_column(source, name) for name in source.columns)),
        ("amounts", "; ".join(t for t in (source.unit, source.decimal and "decimal comma") if t)),
        ("direction", source.direction),
        ("rows", rows),
    ]
    return [(name, value) for name, value in facts if value]


def _column(source: Source, name: str) -> str:
    """A column, and in how many rows it says something that can be used, where that is not all."""
    share = source.confidence.get(name, 1.0)
    return f"{name} ← {source.columns[name]}" + ("" if share == 1 else f" ({percent(share)})")


def _of_statements(ledger: Ledger) -> list[tuple[str, str]]:
    """What one-sided files tell beside their transfers."""
    from graphflow.ledger import major

    told = []
    if ledger.statements.height:
        told.append(
            ("statements", f"{count(ledger.statements['account'].n_unique(), 'account')} with records of its own")
        )
    if ledger.identities.height:
        told.append(("identities", f"{count(ledger.identities.height, 'number')} joined to the account it is of"))
    for row in ledger.gaps.head(_GAPS).iter_rows(named=True):
        amount = f"{major(row['amount'], ledger.decimals.get(row['currency'], 2))} {row['currency']}"
        between = f"rows {row['row_before']} and {row['row_after']} of {row['file']}"
        told.append(("statement gap", f"{row['account']}: {amount} is missing between {between}"))
    if ledger.gaps.height > _GAPS:
        told.append(("statement gaps", f"{ledger.gaps.height - _GAPS:,} more"))
    return told


def _print_examples(console: Console, ledger: Ledger) -> None:
    from graphflow.ledger import major

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 2), header_style="dim")
    for name in ("tx", "time", "payer", "payee", "paid"):
        table.add_column(name, justify="right" if name == "paid" else "left", overflow="fold")
    for row in ledger.frame.head(3).iter_rows(named=True):
        paid = f"{major(row['paid'], ledger.decimals[row['paid_currency']])} {row['paid_currency']}"
        cells = (
            row["tx"],
            f"{row['time']:%Y-%m-%d %H:%M:%S}",
            shown(row["payer"], _ID),
            shown(row["payee"], _ID),
            paid,
        )
        table.add_row(*(Text(visible(cell)) for cell in cells))
    console.print(table)
    for name, value in _of_statements(ledger):
        console.print(Text(f"  {name}: {visible(value)}"), soft_wrap=True)
    reasons = ledger.rejected.group_by("reason").len(name="n").sort("n", "reason", descending=[True, False])
    for reason, number in reasons.head(8).iter_rows():
        console.print(Text(f"  not transfers: {number:,} × {visible(reason)}"))

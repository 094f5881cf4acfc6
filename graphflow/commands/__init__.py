"""The commands of `graphflow`: each parses its options, calls one public function and prints.

Heavy modules are imported when a command runs. Results go to files or stdout, progress and messages to stderr.
"""

from collections.abc import Callable

from graphflow.commands import detecting, records, tracing
from graphflow.commands.shared import app

__all__ = ["app"]

_EXAMPLES: dict[Callable[..., None], str] = {
    detecting.analyze: "`graphflow analyze samples/tour.csv --out out/tour`, then open out/tour/report.html",
    tracing.trace: "`graphflow trace out/sim/transfers.csv --victims out/sim/victims.csv --out out/trace`",
    records.inspect: "`graphflow inspect samples/tour.csv`",
    records.dialects: "`graphflow dialects`",
    records.ingest: "`graphflow ingest day1.csv day2.csv --store bank`, then `graphflow analyze bank`",
    detecting.rules: "`graphflow rules > my-rules.toml`, change a number, `graphflow analyze … --rules my-rules.toml`",
    records.simulate: "`graphflow simulate --seed 7 --out out/simulated`",
    detecting.evaluate: "`graphflow evaluate out/simulated --truth out/simulated/truth.json`",
}
"""Each command with its example, in the order in which help lists them."""

for _command, _example in _EXAMPLES.items():
    app.command(epilog=f"Example: {_example}")(_command)

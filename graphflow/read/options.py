"""How files are to be read, where they do not say it themselves: one set of options for every way in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from os import PathLike
from typing import TypedDict

PathName = str | PathLike[str]


class ReadOptions(TypedDict, total=False):
    """What `read_ledger` and `analyze` take by name.

    mapping      ledger field → header of the file (`{"payer": "From Account"}`), or a TOML file that says so; other
                 fields are recognised by their usual names
    dialect      the name of one (see `read.dialects.DIALECTS`); recognised by the file itself when not given
    encoding     of text files: found by trial when not given
    time_format  strptime format, or "epoch_s" / "epoch_ms"; found from the data when not given, and asked for when day
                 and month could be either way round
    timezone     zone of times that state none ("UTC" when not given); they become UTC
    currency     of amounts whose file has no currency column
    decimal      "comma" or "point": what stands before the decimals of amounts, where the file does not prove it
    account      the account of a statement that does not name it
    in_words, out_words   words of one-sided files for money coming in and going out, where they are not usual ones and
                 no balances prove them
    remembered   a folder of mappings by header: one that fits is used (and said), one that is given is kept there
    """

    mapping: Mapping[str, str] | PathName | None
    dialect: str | None
    encoding: str | None
    time_format: str | None
    timezone: str
    currency: str | None
    decimal: str | None
    account: str | None
    in_words: Collection[str]
    out_words: Collection[str]
    remembered: PathName | None

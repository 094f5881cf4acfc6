"""Field 86 of a statement: who was on the other side, where banks say it in a form that can be read.

The standard leaves the field free. Two forms are widespread: sub-fields with two digits after a mark, most often
"?" (Germany, Poland, Austria), which the library `mt940` takes apart; and code words between slashes (Netherlands,
Belgium). Text in no known form is memo, and nothing is guessed from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from graphflow.read.messages.accounts import account, is_iban, reference

_CODES = (
    "ACCW", "BENM", "BIC", "CNTP", "CSID", "EREF", "IBAN", "ID", "ISDT", "MARF", "NAME", "ORDP", "PREF", "PURP",
    "REMI", "RTRN", "SVCL", "TRCD", "TRTP", "ULTB", "ULTC", "ULTD",
)  # fmt: skip
_CODED = re.compile(rf"/({'|'.join(_CODES)})/")
_MARKED = re.compile(r"\d{3}([^\w\s?/])\d\d")
_IBAN_38 = re.compile(r"\?38([A-Z0-9]+)")
_GERMAN_BANK = re.compile(r"\d{8}")


def with_question_marks(text: str) -> str:
    """Sub-fields after the mark that the library knows, whatever mark a bank takes.

    >>> with_question_marks("034~00ORDER~20Rent?"), with_question_marks("/EREF/X")
    ('034?00ORDER?20Rent ', '/EREF/X')
    """
    match = _MARKED.match(text)
    return text.replace("?", " ").replace(match[1], "?") if match else text


def coded(text: str) -> dict[str, str]:
    """What stands after each code word, the first time it comes.

    >>> coded("/EREF/A-1//CNTP/NL91ABNA0417164300/ABNANL2A/J Doe///REMI/USTD//Rent/")
    {'EREF': 'A-1', 'CNTP': 'NL91ABNA0417164300/ABNANL2A/J Doe', 'REMI': 'USTD//Rent'}
    """
    parts = _CODED.split(text)
    found: dict[str, str] = {}
    for code, value in zip(parts[1::2], parts[2::2], strict=True):
        found.setdefault(code, value.strip("/ "))
    return found


def counterparty(data: Mapping[str, object], text: str, supplement: str) -> dict[str, str | None]:
    """The other side of an entry, and its end-to-end id.

    data  what the library made of the entry; text: the field on one line, marks made alike; supplement: the second
    line of field 61, where some banks put the other account
    """
    codes = coded(text)
    contract = (codes.get("CNTP") or "").split("/")
    ultimate = (codes.get("ACCW") or "").split(",")
    bank = _first(data.get("applicant_bin"), data.get("gvc_applicant_bin"), codes.get("BIC"), *contract[1:2])
    iban38 = _IBAN_38.search(text)
    among_words = _first(data.get("gvc_applicant_iban"))  # what follows it there is often left on it
    stated = [
        data.get("applicant_iban"), iban38[1] if iban38 else None, among_words and among_words.split()[0],
        codes.get("IBAN"), contract[0], ultimate[0],
    ]  # fmt: skip
    return {
        "payee": _account(stated, supplement, bank),
        "payee_bank": bank,
        "payee_name": _first(data.get("applicant_name"), codes.get("NAME"), *contract[2:3]),
        "tx": reference(_first(data.get("end_to_end_reference"), codes.get("EREF"))),
        "returned": codes.get("RTRN"),
    }


def _account(stated: list[object], supplement: str, bank: str | None) -> str | None:
    """An IBAN wherever there is one, else the number in the form in which German statements name their own account."""
    numbers = [number for text in stated if (number := account(_first(text)))]
    more = account(supplement)
    proved = next((number for number in (*numbers, more) if number and is_iban(number)), None)
    if proved or not numbers:
        return proved
    return f"{bank}/{numbers[0]}" if bank and _GERMAN_BANK.fullmatch(bank) else numbers[0]


def _first(*texts: object) -> str | None:
    return next((text.strip() for text in texts if isinstance(text, str) and text.strip()), None)

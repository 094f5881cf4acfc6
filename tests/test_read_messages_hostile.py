"""Bank messages that attack, are damaged, or are something else: one clear line, and memory that stays bounded."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path

import pytest
from bank_messages import OTHER, camt, entry, fin, payment, statement
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import examples

from graphflow.errors import SourceError
from graphflow.read.messages import camt053, iso20022, mt103, mt940, pacs008, reader_for

GOOD = camt(statement(entry("12.50", "CRDT", payment(debtor=OTHER)))).encode()
BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE Document [<!ENTITY a "aaaaaaaaaa">%s]>
<Document><BkToCstmrStmt><Stmt><Id>&z;</Id></Stmt></BkToCstmrStmt></Document>""" % b"".join(
    b'<!ENTITY %c "%s">' % (98 + k, b"&%c;" % (97 + k) * 10) for k in range(25)
)
FILE = b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document><BkToCstmrStmt>&x;</BkToCstmrStmt></Document>'


def problem(data: bytes | Path) -> str:
    head = data.read_bytes()[: 1 << 22] if isinstance(data, Path) else data
    reader = reader_for(head)
    assert reader is not None
    with pytest.raises(SourceError) as caught:
        reader(data, "m.xml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("data", [BOMB, FILE, BOMB.replace(b'<?xml version="1.0"?>', b"").decode().encode("utf-16")])
def test_a_document_type_is_refused(data: bytes) -> None:
    said = "declares a document type (DOCTYPE), as no bank message does and as attacks do: it is not read"
    assert problem(data) == f"m.xml: {said}"


def test_a_document_type_is_refused_at_its_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """No entity can be known to the parser, as it has not been given the byte after the bracket."""
    stream = BytesIO(BOMB)
    monkeypatch.setattr(iso20022, "_opened", lambda data: nullcontext(stream))
    with pytest.raises(SourceError, match="declares a document type"):
        camt053.table(BOMB, "m.xml")
    assert stream.tell() <= BOMB.index(b"[") + 1


@pytest.mark.parametrize("at", [60, 200, len(GOOD) - 40, len(GOOD) - 2])
def test_a_file_that_is_cut_off(at: int) -> None:
    with pytest.raises(SourceError, match=r"^m.xml: line 1: the XML ends here, before its elements do"):
        camt053.table(GOOD[:at], "m.xml")


def test_damage_is_named_with_its_line() -> None:
    assert problem(GOOD.replace(b"<Acct>", b"\n\n<Acct><")).startswith("m.xml: line 3: not well-formed XML (")
    assert problem(GOOD + b"\n" + GOOD).startswith("m.xml: line 2: ")
    assert "another XML document begins here" in problem(GOOD + b"\n<Document/>")


def test_other_xml_is_no_message() -> None:
    html = b'<?xml version="1.0"?><html><table><tr/></table></html>'
    for data in (
        html,
        b"<!DOCTYPE html>" + html[21:],
        GOOD.replace(b"BkToCstmrStmt", b"CstmrCdtTrfInitn"),
        b"<?xml ?>",
    ):
        assert reader_for(data) is None
    for table, what in ((camt053.table, "an account statement"), (pacs008.table, "payments between banks")):
        with pytest.raises(SourceError, match=f"^m.xml: is XML without {what}"):
            table(html, "m.xml")


def test_a_message_without_statement() -> None:
    empty = camt().encode()
    assert problem(empty) == "m.xml: is XML without an account statement (camt.052, camt.053 or camt.054)"


def test_encodings_that_the_parser_does_not_know() -> None:
    for name in (b"GB18030", b"none-such"):
        with pytest.raises(SourceError, match="save it as UTF-8"):
            camt053.table(GOOD.replace(b"UTF-8", name), "m.xml")


def test_depth_and_parts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = GOOD.replace(b"<Sts>", b"<x>" * 100_000 + b"<Sts>")
    assert problem(deep) == "m.xml: has elements 100 deep, as no bank message has: it is not read"
    monkeypatch.setattr(iso20022, "MOST_PARTS", 50)
    wide = GOOD.replace(b"<Sts>", b"<x/>" * 60 + b"<Sts>")
    assert problem(wide) == "m.xml: one entry has more than 50 elements, as none has: it is not read"


def test_a_prolog_without_end_is_refused() -> None:
    with pytest.raises(SourceError, match="no element begins in the first 65,536 bytes"):
        camt053.table(b"<?xml version='1.0'?>" + b"<!-- x -->" * 10_000, "m.xml")


def test_tables_are_not_taken_for_messages() -> None:
    for head in (b"<DATE>,<TIME>,<OPEN>\n1,2,3\n", b"time,payer,payee,amount\n", b":20: is a note\n", b"\x00\x01", b""):
        assert reader_for(head) is None


def test_each_message_has_its_reader() -> None:
    pacs = GOOD.replace(b"BkToCstmrStmt", b"FIToFICstmrCdtTrf").replace(b"camt.053", b"pacs.008")
    envelope = b"<Envelope><AppHdr><MsgDefIdr>camt.053</MsgDefIdr></AppHdr>" + GOOD.partition(b"?>")[2] + b"</Envelope>"
    assert reader_for(GOOD) is camt053.table
    assert reader_for(envelope) is camt053.table
    assert reader_for(pacs) is pacs008.table
    assert reader_for(fin("103", ":20:X").encode()) is mt103.table
    assert reader_for(fin("942", ":20:X").encode()) is mt940.table
    assert reader_for(b"\xef\xbb\xbf:20:X\r\n:25:1\r\n:60F:C260101EUR1,\r\n") is mt940.table
    assert reader_for(b":20:X\n:23B:CRED\n:32A:260101EUR1,\n:50K:/1\n:59:/2\n") is mt103.table
    assert reader_for(fin("202", ":20:X").encode()) is None


def _long(path: Path, entries: int) -> Path:
    start, end = camt(statement("@")).split("@")
    one = entry("12.50", "CRDT", payment(debtor=OTHER, debtor_name="A Payer", reference="E"))
    with path.open("w") as stream:
        stream.write(start)
        for _ in range(entries):
            stream.write(one)
        stream.write(end)
    return path


def test_memory_does_not_grow_with_what_is_not_kept(tmp_path: Path) -> None:
    """Entries are let go when they end: ten times as many need no more memory while reading."""

    def peak(entries: int, *kept: str) -> int:
        path = _long(tmp_path / "m.xml", entries)
        kinds = frozenset({"Stmt"}), frozenset(kept)
        tracemalloc.start()
        count = sum(event == "whole" for event, _ in iso20022.records(path, "m.xml", *kinds))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count == entries * (len(kept) > 0)
        return most

    assert peak(10_000, "Ntry") < 2 * peak(1_000, "Ntry")
    assert peak(10_000) < 2 * peak(1_000)


@pytest.fixture(scope="module")
def kinds() -> dict[str, bytes]:
    line = ":61:2601050105C12,50NTRFX"
    return {
        "camt": GOOD,
        "mt940": fin("940", ":20:X", ":25:1", ":60F:C260101EUR1,", line, ":86:X", ":62F:C260105EUR13,50").encode(),
        "mt103": fin("103", ":20:X", ":32A:260105EUR1,", ":50K:/1\r\nX", ":59:/2\r\nY", ":71A:SHA").encode(),
    }


@settings(max_examples=examples(300), deadline=None)
@given(st.data())
def test_damaged_messages_end_in_a_table_or_in_one_line(kinds: dict[str, bytes], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(kinds)))
    whole = bytearray(kinds[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        how = data.draw(st.sampled_from(["byte", "cut", "drop", "twice"]))
        if how == "byte":
            whole[at] = data.draw(st.integers(0, 255))
        elif how == "cut":
            del whole[max(at, 1) :]
        elif how == "drop":
            del whole[at : at + data.draw(st.integers(1, 30))]
        else:
            whole[at:at] = whole[at : at + 40]
        whole = whole or bytearray(b" ")
    table = {"camt": camt053.table, "mt940": mt940.table, "mt103": mt103.table}[name]
    reader_for(bytes(whole))
    try:
        header, frame = table(bytes(whole), "m")
    except SourceError:
        return
    assert len(header) == frame.width


_ALONE = """
import sys, types, graphflow
package = types.ModuleType("graphflow.read")  # without what its __init__ imports
package.__path__ = [f"{graphflow.__path__[0]}/read"]
sys.modules |= {"graphflow.read": package, "graphflow.read.source": None}
import graphflow.read.messages
"""


def test_readers_do_not_need_what_opens_files() -> None:
    """The module that opens files imports them."""
    subprocess.run([sys.executable, "-c", _ALONE], check=True)

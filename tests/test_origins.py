"""What a PATH stands for: folders, archives and what is in them, each read once, nothing passed over in silence."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import tempfile
import zipfile
from pathlib import Path

import pytest
from test_read import check_accounting
from test_read_bad_input import complaint

from graphflow.ledger import Ledger
from graphflow.read import archives, read_ledger
from graphflow.read.origins import shown
from graphflow.read.source import Sources

HEAD = "time,payer,payee,amount,currency\n"


def table(payer: str, rows: int = 1) -> bytes:
    return (HEAD + "".join(f"2026-01-05 09:{k:02},{payer},B,1.00,CNY\n" for k in range(rows))).encode()


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def zipped(path: Path, members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def read(path: Path | list[Path]) -> Ledger:
    ledger = read_ledger(path)
    check_accounting(ledger)
    return ledger


def files(ledger: Ledger, folder: Path) -> list[str]:
    return [source.path.replace(f"{folder}/", "") for source in ledger.sources]


def skipped(ledger: Ledger, folder: Path) -> dict[str, str]:
    """What was passed over and why; said in a warning and listed among the rejected."""
    listed = ledger.rejected.filter(ledger.rejected["reason"].str.starts_with("skipped: "))
    for path, reason in listed.select("file", "reason").rows():
        assert f"{path}: {reason.removeprefix('skipped: ')}; skipped" in ledger.warnings
    return {
        path.replace(f"{folder}/", ""): reason.removeprefix("skipped: ")
        for path, reason in listed.select("file", "reason").rows()
    }


# --- folders ----------------------------------------------------------------------------------------


def test_a_folder_is_all_files_below_it_in_the_order_of_their_names(tmp_path: Path) -> None:
    case = tmp_path / "case"
    for k, name in enumerate(["b.csv", "a/z.csv", "a/银行/交易明细信息.csv", "c.tsv"]):
        write(case / name, table(f"P{k}").replace(b",", b"\t" if name.endswith("tsv") else b","))
    for clutter in (".hidden.csv", "~$b.xlsx", "Thumbs.db", ".git/a.csv", "__MACOSX/a.csv", ".DS_Store"):
        write(case / clutter, b"\0junk")
    ledger = read(case)
    assert files(ledger, case) == ["a/z.csv", "a/银行/交易明细信息.csv", "b.csv", "c.tsv"]
    assert ledger.height == 4
    assert skipped(ledger, case) == {}


def test_files_that_are_no_records_are_passed_over_and_listed(tmp_path: Path) -> None:
    case = tmp_path / "case"
    write(case / "a.csv", table("A"))
    write(case / "letter.pdf", b"%PDF-1.7")
    zipped(case / "letter.docx", {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"})
    zipped(case / "letter.odt", {"mimetype": b"application/vnd.oasis.opendocument.text"})
    write(case / "old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"))
    write(case / "photo.jpg", b"\xff\xd8\xff\xe0")
    write(case / "page.xls", b"<html><body>")
    write(case / "read me.txt", b"See the other file.\n")
    write(case / "nothing.csv", b"")
    ledger = read(case)
    assert files(ledger, case) == ["a.csv"]
    assert skipped(ledger, case) == {
        "letter.docx": "is a Word document: export the records as CSV",
        "letter.odt": "is a text document: export the records as CSV",
        "letter.pdf": "is a PDF: export the records as CSV",
        "nothing.csv": "the file is empty",
        "old.doc": "is an old Office document without sheets: export the records as CSV",
        "page.xls": "is a web page, whatever its name says: open it in Excel and save it as .xlsx",
        "photo.jpg": "is a picture",
        "read me.txt": "has no header row with several columns in its first lines: 'See the other file.'",
    }


def test_a_folder_without_records(tmp_path: Path) -> None:
    write(tmp_path / "case/a.pdf", b"%PDF-1.7")
    assert complaint(tmp_path / "case").endswith("a.pdf: is a PDF: export the records as CSV)")


def test_damaged_records_in_a_folder_are_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "case/a.csv", table("A"))
    write(tmp_path / "case/b.csv", table("\ufffd"))
    assert "b.csv: holds U+FFFD" in complaint(tmp_path / "case")


def test_links_are_followed_only_inside(tmp_path: Path) -> None:
    case = tmp_path / "case"
    write(tmp_path / "secret.csv", table("S"))
    write(tmp_path / "other/a.csv", table("O"))
    write(case / "a.csv", table("A"))
    write(case / "sub/b.csv", table("B"))
    os.symlink(tmp_path / "secret.csv", case / "out.csv")
    os.symlink(tmp_path / "other", case / "outside")
    os.symlink(case / "sub", case / "within")
    os.symlink(case / "gone", case / "nowhere.csv")
    os.mkfifo(case / "pipe.csv")
    ledger = read(case)
    assert files(ledger, case) == ["a.csv", "sub/b.csv"]
    assert skipped(ledger, case) == {
        "nowhere.csv": "is a link to nothing",
        "out.csv": "is a link that leads out of the folder",
        "outside": "is a link that leads out of the folder",
        "pipe.csv": "is a pipe or a device",
        "within": "is a link to a folder that is read where it is",
    }


def test_names_on_disk_that_are_no_utf_8(tmp_path: Path) -> None:
    case = tmp_path / "case"
    case.mkdir()
    for name in ("交易.csv".encode("gb18030"), b"\xff\xff.csv"):
        with open(os.fsencode(case) + b"/" + name, "wb") as stream:
            stream.write(table(str(name)))
    ledger = read(case)
    assert files(ledger, case) == ["交易.csv", "\\xff\\xff.csv"]
    assert shown(case / "交易.csv") == f"{case}/交易.csv"


# --- archives ---------------------------------------------------------------------------------------


def test_a_zip_is_its_members_each_with_its_own_fingerprint(tmp_path: Path) -> None:
    path = zipped(tmp_path / "case.zip", {"sub/交易明细信息.csv": table("A"), "b.csv": table("B"), "__MACOSX/b": b"x"})
    ledger = read(path)
    assert files(ledger, tmp_path) == ["case.zip/b.csv", "case.zip/sub/交易明细信息.csv"]
    assert [s.sha256 for s in ledger.sources] == [hashlib.sha256(table(name)).hexdigest() for name in "BA"]
    assert [s.bytes for s in ledger.sources] == [len(table("B")), len(table("A"))]
    assert ledger.frame["file"].cast(str).to_list() == [s.path for s in ledger.sources]


def test_what_is_delivered_twice_is_known_in_whatever_it_comes(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.csv", table("A"))
    path = zipped(tmp_path / "case.zip", {"x.csv": table("A"), "y.csv.gz": gzip.compress(table("A"))})
    ledger = read([plain, path])
    assert [s.rows["duplicate"] for s in ledger.sources] == [0, 1, 1]
    assert files(ledger, tmp_path) == ["a.csv", "case.zip/x.csv", "case.zip/y.csv.gz/y.csv"]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "cp437"])
def test_member_names_without_a_flag(tmp_path: Path, encoding: str) -> None:
    name = "größe.csv" if encoding == "cp437" else "交易.csv"
    stand_in = "x" * len(name.encode(encoding))
    path = zipped(tmp_path / "case.zip", {stand_in: table("A")})
    path.write_bytes(path.read_bytes().replace(stand_in.encode(), name.encode(encoding)))
    assert files(read(path), tmp_path) == [f"case.zip/{name}"]


def test_two_members_of_one_name_are_two_files(tmp_path: Path) -> None:
    path = zipped(tmp_path / "case.zip", {"a.csv": table("A"), "b.csv": table("B")})
    path.write_bytes(path.read_bytes().replace(b"b.csv", b"a.csv"))
    assert files(read(path), tmp_path) == ["case.zip/a.csv", "case.zip/a.csv (2)"]


def test_no_name_from_an_archive_is_the_name_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    names = ["../../up.csv", "/abs.csv", "C:\\x.csv", "a\x1b[31m.csv"]
    path = zipped(tmp_path / "case.zip", {name: table(f"P{k}") for k, name in enumerate(names)})
    with Sources([path], None) as sources:
        for _ in sources:
            unpacked = [p for p in room.rglob("*") if p.is_file()]
            assert [p.name.isdecimal() for p in unpacked] == [True]  # one at a time, under a number
    assert list(room.iterdir()) == []
    assert not (tmp_path / "up.csv").exists()
    assert read(path).height == 4


def test_a_link_in_a_zip_is_not_followed(tmp_path: Path) -> None:
    path = zipped(tmp_path / "case.zip", {"a.csv": table("A")})
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("b.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert skipped(read(path), tmp_path) == {"case.zip/b.csv": "is a link, which an archive cannot be trusted with"}


def test_a_zip_in_a_zip_and_no_deeper(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a.csv": table("A")}).read_bytes()
    outer = zipped(tmp_path / "outer.zip", {"inner.zip": inner, "b.csv": table("B")})
    assert files(read(outer), tmp_path) == ["outer.zip/b.csv", "outer.zip/inner.zip/a.csv"]
    deeper = zipped(tmp_path / "deeper.zip", {"outer.zip": outer.read_bytes()})
    assert complaint(deeper) == (
        "deeper.zip/outer.zip/inner.zip: is an archive in an archive in an archive; unpack the outer ones first"
    )


def test_a_gzip_of_a_text(tmp_path: Path) -> None:
    ledger = read(write(tmp_path / "a.csv.gz", gzip.compress(table("A"))))
    assert files(ledger, tmp_path) == ["a.csv.gz/a.csv"]
    assert ledger.sources[0].sha256 == hashlib.sha256(table("A")).hexdigest()
    assert files(read(write(tmp_path / "b", gzip.compress(table("A")))), tmp_path) == ["b/content"]


# --- archives that are traps, or broken ------------------------------------------------------------


def test_bombs_are_refused_while_they_unfold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    seen: list[int] = []
    real = archives._must_have_room

    def spy(path: str, to: Path, size: int) -> None:
        seen.append(to.stat().st_size)
        real(path, to, size)

    monkeypatch.setattr(archives, "_must_have_room", spy)
    for how in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        bomb = zipped(tmp_path / "bomb.zip", {"a.csv": bytes(40 << 20)}, how)
        assert complaint(bomb) == (
            "bomb.zip/a.csv: unfolds to more than 200 times its size, as only traps do: not unpacked"
        )
    assert complaint(write(tmp_path / "a.gz", gzip.compress(bytes(40 << 20)))) == (
        "a.gz: unfolds to more than 200 times its size, as only traps do: not unpacked"
    )
    assert max(seen) < 20 << 20
    assert list(room.iterdir()) == []


def test_a_size_that_a_member_states_is_not_believed(tmp_path: Path) -> None:
    real = 40 << 20
    bomb = zipped(tmp_path / "bomb.zip", {"a.csv": bytes(real)})
    bomb.write_bytes(bomb.read_bytes().replace(real.to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    with zipfile.ZipFile(bomb) as archive:
        assert archive.filelist[0].file_size == 1000
    assert "unfolds to more than 200 times its size" in complaint(bomb)


def test_all_that_is_unpacked_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 1 << 30)
    real = archives.Budget.spend

    def spend(self: archives.Budget, path: str, size: int) -> None:
        real(self, path, size << 21)  # each byte counts as two million

    monkeypatch.setattr(archives.Budget, "spend", spend)
    path = zipped(tmp_path / "case.zip", {f"{k}.csv": table(f"P{k}", rows=9) for k in range(3)})
    assert complaint(path) == "case.zip/1.csv: unfolds to more than 1 GiB: not unpacked any further"


def test_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 2)
    path = zipped(tmp_path / "case.zip", {f"{k}.csv": table("A") for k in range(3)})
    assert complaint(path) == "case.zip: holds 3 files; 2 are the most"


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 1 << 20

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage)
    assert "there is no room to unpack it in" in complaint(zipped(tmp_path / "case.zip", {"a.csv": table("A")}))


def test_encrypted_and_unknown_packing(tmp_path: Path) -> None:
    path = zipped(tmp_path / "case.zip", {"a.csv": table("A")}, zipfile.ZIP_STORED)
    whole = path.read_bytes()
    central = whole.index(b"PK\x01\x02")
    path.write_bytes(whole[:6] + b"\x01" + whole[7 : central + 8] + b"\x01" + whole[central + 9 :])
    assert complaint(path) == "case.zip/a.csv: is encrypted; unpack it with its password, then name the folder"
    path.write_bytes(whole[:8] + b"\x63" + whole[9 : central + 10] + b"\x63" + whole[central + 11 :])
    assert "case.zip: is packed in a way that cannot be read here (" in complaint(path)


def test_archives_that_are_damaged_or_empty(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "case.zip", {"a.csv": table("A", rows=50)}).read_bytes()
    path = tmp_path / "case.zip"
    path.write_bytes(whole[:-30])
    assert complaint(path) == "case.zip: is damaged and cannot be unpacked to its end (File is not a zip file)"
    path.write_bytes(whole[:50] + bytes(8) + whole[58:])
    assert complaint(path).startswith("case.zip: is damaged and cannot be unpacked to its end (")
    packed = gzip.compress(table("A", rows=50))
    for content in (packed[:-10], packed[:20] + b"\xff" * 9 + packed[29:], packed[:5]):
        assert complaint(write(tmp_path / "a.gz", content)).startswith(
            "a.gz: is damaged and cannot be unpacked to its end ("
        )
    assert complaint(zipped(tmp_path / "empty.zip", {})) == "empty.zip: the archive holds no files"


def test_a_member_that_is_broken_after_others(tmp_path: Path) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as zip_file:
        zip_file.writestr("a.csv", table("A"))
        zip_file.writestr("b.csv", table("B"))
    content = archive.getvalue().replace(b"09:00,B,B", b"09:00,C,B")
    assert "Bad CRC-32 for file 'b.csv'" in complaint(write(tmp_path / "case.zip", content))

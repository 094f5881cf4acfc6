"""Code, samples, tests and README speak of the same things."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import graphflow as gf
from graphflow.detect import DETECTORS
from graphflow.read.dialects import DIALECTS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", DETECTORS, ids=lambda kind: kind.name)
def test_a_detector_has_its_file_sample_readme_row_and_public_name(kind: type) -> None:
    file = kind.name.replace("-", "_")
    assert (ROOT / "graphflow" / "detect" / f"{file}.py").exists()
    assert (ROOT / "samples" / f"{file}.csv").exists()
    assert f"| `{kind.name}` |" in README
    assert kind.__name__ in gf.__all__


def test_the_readme_has_a_row_for_every_format_and_no_other() -> None:
    table = README.split("| dialect |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE) == list(DIALECTS)


def test_public_names_can_be_had() -> None:
    for name in gf.__all__:
        assert getattr(gf, name).__doc__, name
    assert set(gf.__all__) <= set(dir(gf))


def test_verbs_stay_functions_when_their_folders_are_imported() -> None:
    from graphflow.detect.cycle import Cycle
    from graphflow.view.page import Page

    assert callable(gf.detect)
    assert callable(gf.view)
    assert Cycle.name == "cycle"
    assert Page.__name__ == "Page"


def test_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})


def test_the_readme_names_files_that_are_there() -> None:
    for path in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / path).exists(), path


def test_no_output_calls_anyone_guilty() -> None:
    for path in (ROOT / "graphflow").rglob("*"):
        if path.suffix in {".py", ".j2", ".js"}:
            text = path.read_text(encoding="utf-8").lower()
            assert not re.search(r"\b(guilty|criminal|boss)\b", text), path

"""The corpus of mistakes: for every file in `corpus/`, the whole text and the whole JSON that `bt-check` answers.

`BT_RENEW=1 pytest tests/tree/test_tree_errors.py` writes the answers anew; read them (`git diff`) before you keep them.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from bt_robot.cli.check import main
from bt_robot.config.builtin import builtin_folder
from bt_robot.errors import Code

PAGE = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
CORPUS = Path(__file__).parent / "corpus"
CASES = sorted(path.stem for path in CORPUS.glob("*.yaml"))


def held_against(path: Path, text: str) -> None:
    if os.environ.get("BT_RENEW"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, "if this is better: BT_RENEW=1, and read the difference"


def stable(text: str) -> str:
    """Return what does not depend on where the project lies."""
    return text.replace(str(builtin_folder("trees")), "TREES")


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_told_as_people_and_editors_need_it(case, capsys, monkeypatch):
    monkeypatch.chdir(CORPUS)
    answers = []
    for flags in ([], ["--json"]):
        capsys.readouterr()
        assert main([f"{case}.yaml", *flags]) == 2
        answers.append(capsys.readouterr())
    people, editors = answers
    assert (people.out, editors.err) == ("", "")
    (tree,) = json.loads(editors.out)["trees"]
    held_against(CORPUS / f"{case}.txt", stable(people.err))
    held_against(CORPUS / f"{case}.json", stable(json.dumps(tree, indent=2, ensure_ascii=False)) + "\n")


def test_the_page_lists_every_case_with_its_codes():
    rows = re.findall(r"^\| `([bpf]\d\d_\w+)` \| .+ \| (.+) \|$", PAGE, flags=re.MULTILINE)
    assert [case for case, _ in rows] == sorted(CASES, key=lambda case: ("bpf".index(case[0]), case))
    for case, codes in rows:
        problems = json.loads((CORPUS / f"{case}.json").read_text(encoding="utf-8"))["problems"]
        assert re.findall(r"`([a-z-]+)`", codes) == list(dict.fromkeys(problem["code"] for problem in problems)), case


def test_the_page_explains_every_code():
    table = PAGE.partition("| code | what is wrong |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", table, flags=re.MULTILINE) == list(Code)


def test_every_kind_of_problem_has_a_case_in_the_corpus():
    told = {
        problem["code"] for case in CASES for problem in json.loads((CORPUS / f"{case}.json").read_text())["problems"]
    }
    assert set(Code) - told == set()

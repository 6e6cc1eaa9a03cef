"""`bt-write`: a language model writes, the loader judges, and only what passes is kept."""

import io
import json
import re
from pathlib import Path

import pytest

from bt_robot.cli.robots import make_robot
from bt_robot.cli.run import main as run
from bt_robot.cli.settings import load_settings
from bt_robot.cli.vocabulary import installed_registry
from bt_robot.cli.write import main
from bt_robot.cli.writing.briefing import _RULES
from bt_robot.cli.writing.checking import Checker, tree_in
from bt_robot.tree import parse_tree
from tests.language_model.chat_kit import recorded, says

RECORD = Path(__file__).with_name("recorded_writer.jsonl")
TASK = "put the red block into the container, then the green one"
NAP = "tree: nap\nroot: {wait: {duration_s: 0.2}}\n"


def told(done):
    """Return what the model was told about its first answer."""
    return done.requests[1]["body"]["messages"][3]["content"]


def fenced(text):
    return says(f"```yaml\n{text}```")


@pytest.fixture
def write(command, tmp_path):
    """A function that runs bt-write against a script of answers."""

    def run_it(script, *arguments, task=TASK):
        with recorded(tmp_path, *([script] if isinstance(script, Path) else script)) as server:
            done = command(main, task, "--url", server.url, "--model", "m", *arguments)
            done.requests = server.requests
        return done

    return run_it


def test_mistakes_are_given_back_until_the_tree_is_right(write, command, tmp_path):
    out = tmp_path / "tidy.yaml"
    done = write(RECORD, "-o", out)
    assert done.code == 0, done.err
    assert done.err.splitlines() == ["round 1: 1 mistake", "round 2: 1 mistake", "round 3: the tree is right"]
    assert "tidy_up (sequence)" in done.out
    assert f"wrote {out}; try it: bt-run {out}" in done.out
    first, second, third = (request["body"]["messages"] for request in done.requests)
    assert first[1]["content"] == f"Write a tree for this task: {TASK}"
    assert "answer.yaml:3:11: unknown skill to include 'skills/vla_skil.yaml'" in second[3]["content"]
    assert "did you mean 'skills/vla_skill.yaml'?" in second[3]["content"]
    assert "unknown parameter of 'chunk_idle': 'for'" in third[3]["content"]
    assert "did you mean 'for_s'?" in third[3]["content"]
    assert [message["role"] for message in third] == ["system", "user", "assistant", "user"]
    text = out.read_text()
    assert text.startswith(f"# Written by bt-write for: {TASK}\ntree: tidy_up\n")
    assert command(run, out, "--fast", "--no-artifacts").code == 0


def test_a_tree_is_held_against_the_config_too(write):
    pose = NAP.replace("wait: {duration_s: 0.2}", "move_to: {pose: home}")
    done = write([fenced(pose), fenced(NAP)])
    assert done.code == 0
    assert "nap: no pose 'home' in the config; there is rest" in told(done)
    assert "   2 | root: {move_to: {pose: home}}\n     |        ^^^^^^^\n" in told(done)


def test_without_a_file_the_tree_is_printed_alone(write):
    done = write([fenced(NAP)])
    assert done.out == f"# Written by bt-write for: {TASK}\n{NAP}"
    assert "nap (wait)" in done.err


def test_a_model_that_does_not_get_it_right_changes_nothing(write, tmp_path):
    out = tmp_path / "t.yaml"
    done = write([fenced("tree: t\nroot: wave\n")], "-o", out, "--rounds", 2)
    assert done.code == 1
    assert len(done.requests) == 2
    assert "unknown node type 'wave'" in done.err
    assert "the model did not get the tree right in 2 rounds; nothing is written" in done.err
    assert not out.exists()


def test_json_tells_the_tree_and_the_rounds_or_the_problems(write, tmp_path):
    out = tmp_path / "t.yaml"
    result = write([fenced(NAP)], "-o", out, "--json").json
    assert (result["status"], result["rounds"], result["file"]) == ("SUCCESS", 1, str(out))
    assert result["tree"] == out.read_text()
    result = write([fenced("tree: t\nroot: wave\n")], "--json", "--rounds", 1).json
    assert (result["status"], result["rounds"]) == ("FAILURE", 1)
    assert [(p["line"], p["column"], p["severity"]) for p in result["problems"]] == [(2, 7, "error")]


@pytest.mark.parametrize("include", ["../secret.yaml", "/etc/passwd", "secret.yaml", "skills/../secret.yaml"])
def test_a_model_can_not_have_any_file_read(write, tmp_path, include):
    (tmp_path / "secret.yaml").write_text("token: hunter2\n")
    done = write([fenced(f"include: [{include}]\n{NAP}")], "-o", tmp_path / "t.yaml", "--rounds", 2)
    assert done.code == 1
    sent = json.dumps([request["body"] for request in done.requests])
    assert "hunter2" not in sent + done.err + done.out
    assert f"unknown skill to include '{include}'" in done.err


@pytest.mark.parametrize("node", ["__import__('os').system('true')", "os.system", "$(reboot)", "'{{ 7*7 }}'"])
def test_what_a_model_says_is_never_run(write, node):
    done = write([fenced(f'tree: t\nroot: "{node}"\n')], "--rounds", 1)
    assert done.code == 1
    assert "answer.yaml:2:7: " in done.err
    assert not done.out


@pytest.mark.parametrize("hidden", ["\x1b[2J", "\u202e", "\u200b", "\x07"])
def test_what_a_model_says_can_not_drive_a_terminal_or_hide(write, hidden, tmp_path):
    done = write([fenced(f"# hello {hidden}\n{NAP}"), fenced(NAP)], "-o", tmp_path / "t.yaml")
    assert f"a character that can't be seen (U+{ord(hidden[0]):04X})" in told(done)
    done = write([says(f"Hi {hidden}!")], "--rounds", 1)
    assert hidden not in done.err + done.out


def test_an_answer_without_a_tree_is_shown(write):
    done = write([says("Which block do you mean?"), fenced(NAP)])
    assert done.code == 0
    assert "there is no tree in the answer: Which block do you mean?" in told(done)


def test_an_answer_that_was_cut_off_is_asked_for_shorter(write):
    done = write([says("```yaml\ntree: t\nro", finish="length"), fenced(NAP)])
    assert told(done).startswith("Your answer was cut off; write a shorter tree.")
    assert "round 1: 1 mistake; the answer was cut off" in done.err


def test_a_file_is_replaced_only_when_somebody_says_so(write, tmp_path, monkeypatch):
    out = tmp_path / "t.yaml"
    out.write_text("tree: old\nroot: observe\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    done = write([fenced(NAP)], "-o", out)
    assert done.code == 1
    assert "-tree: old\n" in done.out
    assert "+tree: nap\n" in done.out
    assert f"{out} is there already and was not replaced; --force replaces it" in done.err
    assert out.read_text().startswith("tree: old")
    assert write([fenced(NAP)], "-o", out, "--dry-run", "--force").code == 0
    assert out.read_text().startswith("tree: old")
    assert write([fenced(NAP)], "-o", out, "--force").code == 0
    assert out.read_text().endswith(NAP)


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("", 1)])
def test_a_person_at_a_terminal_is_asked(write, tmp_path, monkeypatch, typed, code):
    class Typed(io.StringIO):
        def isatty(self):
            return True

    out = tmp_path / "t.yaml"
    out.write_text("tree: old\nroot: observe\n")
    monkeypatch.setattr("sys.stdin", Typed(typed))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert write([fenced(NAP)], "-o", out).code == code
    assert out.read_text().startswith("tree: old") == (code == 1)


def test_a_tree_can_be_changed(write, tmp_path):
    out = tmp_path / "t.yaml"
    out.write_text(NAP)
    done = write([fenced(NAP.replace("0.2", "0.4"))], "-o", out, "--change", "--force", task="wait longer")
    assert done.code == 0
    asked = done.requests[0]["body"]["messages"][1]["content"]
    assert asked == f"Change this tree:\n```yaml\n{NAP}```\nAs follows: wait longer"
    assert "0.4" in out.read_text()


def test_the_briefing_tells_nodes_skills_poses_and_cameras_and_asks_nobody(command):
    done = command(main, TASK, "--briefing")
    assert done.code == 0
    for words in (
        "move_to (action)",
        "for_each (decorator)",
        "ask_vlm (condition)",
        "vla_skill, include: [skills/vla_skill.yaml]",
        "poses: rest\n",
        "cameras: front, wrist\n",
        f"Write a tree for this task: {TASK}",
    ):
        assert words in done.out
    assert len(done.out) < 60_000
    assert "ask_vlm" not in command(main, TASK, "--briefing", "--config", "fake").out


def test_the_schema_can_be_told_too(command):
    told = command(main, TASK, "--briefing", "--schema").out
    schema = json.loads(told.partition("# JSON Schema of a tree file\n")[2].partition("\n")[0])
    assert schema["title"]


def test_skills_of_ones_own_are_offered(write, tmp_path):
    (tmp_path / "skills").mkdir()
    skill = "subtree: greet\ndescription: Wave.\nroot: {wait: {duration_s: 0.1}}\n"
    (tmp_path / "skills" / "greet.yaml").write_text(skill)
    (tmp_path / "skills" / "broken.yaml").write_text("subtree: [\n")
    tree = "tree: t\ninclude: [skills/greet.yaml]\nroot: {sequence: [greet]}\n"
    done = write([fenced(tree)], "-o", tmp_path / "t.yaml")
    assert done.code == 0, done.err
    told = done.requests[0]["body"]["messages"][0]["content"]
    assert "greet, include: [skills/greet.yaml]: Wave." in told
    assert "broken" not in told


def test_an_endpoint_that_is_busy_is_asked_again_a_few_times(write, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    busy = {"status": 503, "answer": {"error": "loading the model"}}
    done = write([busy, busy, fenced(NAP)])
    assert done.code == 0
    done = write([busy])
    assert done.code == 3
    assert len(done.requests) == 3
    assert "HTTP 503: the server has a fault; loading the model" in done.err


def test_an_endpoint_that_refuses_is_not_asked_again(write):
    done = write([{"status": 401, "answer": {}}], "--json")
    assert (done.code, done.json["status"], len(done.requests)) == (3, "REFUSED", 1)


def test_the_key_comes_from_the_environment_and_goes_nowhere_else(write, monkeypatch, tmp_path):
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    done = write([fenced(NAP)], "--api-key-env", "MY_KEY", "-vv", "-o", tmp_path / "t.yaml")
    assert done.requests[0]["headers"]["authorization"] == "Bearer sk-very-secret"
    assert "sk-very-secret" not in done.err + done.out + json.dumps(done.requests[0]["body"])


def test_the_configs_key_is_not_sent_to_another_url(write, tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    sets = ("--set", "writer.url=http://elsewhere/v1", "--set", "writer.api_key_env=MY_KEY")
    assert "authorization" not in write([fenced(NAP)], *sets).requests[0]["headers"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            [TASK],
            "no language model is known; name one with --url http://localhost:11434/v1, or in the config",
        ),
        ([" "], "TASK is empty"),
        (["x" * 5000], "TASK is no text of at most 4000 characters"),
        ([TASK, "--url", "gpu:8000"], "--url: url 'gpu:8000' is no http address"),
        ([TASK, "--change"], "--change needs a file to change; name it with -o FILE"),
        ([TASK, "-o", "nowhere/t.yaml"], "there is no folder nowhere"),
        ([TASK, "-o", "t.txt"], "a tree file ends with .yaml"),
        ([TASK, "--change", "-o", "not_there.yaml"], "there is no not_there.yaml; leave --change out"),
        (
            [TASK, "--url", "http://h", "--api-key-env", "NOT_SET"],
            "writer.api_key_env: the environment variable NOT_SET",
        ),
    ],
)
def test_what_is_wrong_with_the_command_is_said_in_words(command, arguments, words):
    done = command(main, *arguments)
    assert done.code == 2
    assert words in done.err


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("```yaml\ntree: a\n```", "tree: a\n"),
        ("```\ntree: a\n```", "tree: a\n"),
        ("First:\n```yaml\ntree: a\n```\nNo, better:\n```yml\ntree: b\n```\nDone.", "tree: b\n"),
        ("<think>```yaml\ntree: a\n```</think>```yaml\r\ntree: b\r\n```", "tree: b\n"),
        ("tree: a\nroot: observe", "tree: a\nroot: observe\n"),
        ("I would write tree: a", ""),
        ("``` yaml \ntree: a\n```\t", "tree: a\n"),
        ("```yaml\n" * 25_000, ""),
        ("```" + "\t" * 190_000, ""),
        ("```python\nimport os\n```", ""),
        ("", ""),
    ],
)
def test_the_tree_is_found_in_an_answer(answer, text):
    assert tree_in(answer) == text


def test_an_answer_that_is_much_too_long_is_refused():
    settings = load_settings("fake")
    checker = Checker(settings, make_robot(settings, 0), Path(), ())
    (problem,) = checker.check(f"```yaml\n{NAP}# {'x' * 60_000}\n```").problems
    assert str(problem).endswith("characters; expected at most 50000")


def test_the_rules_of_the_briefing_are_the_loaders():
    """Every node that the rules show loads."""
    block = _RULES.partition("A node is a word")[2].partition("In every tick")[0]
    nodes = "".join(f"  {line}\n" for line in block.splitlines()[1:] if "[...]" not in line)
    nodes = re.sub(r"^( +)    name: first$", r"\1    name: first\n\1    children: [observe]", nodes, flags=re.MULTILINE)
    parse_tree(f"tree: t\nroot:\n  sequence:\n{nodes}", "rules.yaml", installed_registry())

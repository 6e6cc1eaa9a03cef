"""A run whose tree asks a vision-language model: the stand-in, a recorded one, a lost one, and none at all."""

import pytest

from bt_robot.cli.check import main as check
from bt_robot.cli.evaluate import main as evaluate
from bt_robot.cli.model_settings import VlmSettings, WriterSettings
from bt_robot.cli.run import main as run
from bt_robot.cli.settings import load_settings
from bt_robot.errors import LoadError
from tests.language_model.chat_kit import recorded, yes

LOOK = """\
tree: look
root:
  timeout:
    duration_s: {limit_s}
    child: {{wait_until: {{child: {{ask_vlm: {{question: "is the red block on the table?", every_s: 0.5}}}}}}}}
"""


@pytest.fixture
def look(tmp_path):
    path = tmp_path / "look.yaml"
    path.write_text(LOOK.format(limit_s=3))
    return path


def test_a_skill_ends_when_the_model_sees_that_it_is_done_and_a_run_can_be_repeated(command):
    results = []
    for _ in range(2):
        done = command(run, "trees/place_and_look.yaml", "--fast", "--json", "--no-artifacts", "--seed", 4)
        assert done.code == 0, done.err
        results.append(done.json)
    assert results[0]["expected"] == {"met": True, "unmet": []}
    assert results[0]["commands_sha256"] == results[1]["commands_sha256"]
    assert results[0]["ticks"] == results[1]["ticks"]


def test_an_answer_takes_its_time_on_the_runs_clock(command, look):
    for latency_s in (0.2, 1.4):
        done = command(run, look, "--fast", "--json", "--no-artifacts", "--set", f"vlm.simulated_latency_s={latency_s}")
        assert done.code == 0, done.err
        assert latency_s <= done.json["duration_s"] <= latency_s + 0.1


def test_another_endpoint_is_a_matter_of_the_config(command, look, tmp_path):
    with recorded(tmp_path, yes(0.1), yes(0.9)) as server:
        sets = ("--set", f"vlm.url={server.url}", "--set", "vlm.model=m", "--set", "vlm.simulated_latency_s=0.1")
        done = command(run, look, "--fast", "--json", "--no-artifacts", *sets)
        assert done.code == 0, done.err
        assert len(server.requests) == 2
        (text, image) = server.requests[0]["body"]["messages"][1]["content"]
    assert "Question: is the red block on the table?" in text["text"]
    assert image["image_url"]["url"].startswith("data:image/jpeg;base64,")


def test_a_lost_endpoint_is_unknown_told_once_and_the_run_goes_on(command, look):
    sets = ("--set", "vlm.url=http://127.0.0.1:9/v1", "--set", "vlm.model=m")
    done = command(run, look, "--fast", "--json", "--no-artifacts", *sets)
    assert done.code == 1
    assert "nothing listens there; is the server running?" in done.json["reason"]
    assert done.err.count("language model: http://127.0.0.1:9/v1") == 1


def test_a_config_without_a_model_is_told_before_anything_starts(command, look):
    done = command(run, look, "--config", "fake", "--no-artifacts")
    assert done.code == 2
    assert "look/wait_until/ask_vlm: there is no vision-language model to ask" in done.err
    assert "vlm: {url: 'http://localhost:8000/v1'}" in done.err
    assert command(check, look, "--config", "fake").code == 2
    assert command(check, look, "--config", "sim").code == 0
    assert command(check, look).code == 0


def test_many_runs_of_a_tree_with_questions_are_decided_before(command):
    done = command(evaluate, "trees/ask_first.yaml", "--episodes", 2, "--jobs", 1)
    assert done.code == 2
    assert "decide with --confirm yes or no" in done.err
    done = command(evaluate, "trees/ask_first.yaml", "--episodes", 2, "--jobs", 1, "--confirm", "yes", "--json")
    assert (done.code, done.json["successes"]) == (0, 2)


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        (
            "vlm.url=ws://gpu:8000",
            "url 'ws://gpu:8000' is no http address; expected http://host:8000/v1 (try http://gpu",
        ),
        ("vlm.url=http://a:b@gpu", "url holds a password, which would end up in logs; use api_key_env instead"),
        ("vlm.timeout_s=0.4", "simulated_latency_s of 0.5 must be below timeout_s of 0.4"),
        ("vlm.answers=words", "did you mean 'word'?"),
        ("vlm.modle=x", "did you mean 'model'?"),
        ("vlm={}", "'url' is missing"),
        ("writer={url: gpu}", "url 'gpu' is no http address"),
    ],
)
def test_a_section_that_can_not_be_used_is_refused_in_words(assignment, words):
    with pytest.raises(LoadError) as caught:
        load_settings("sim", [assignment])
    assert words in str(caught.value)


def test_a_section_can_be_added_on_the_command_line():
    settings = load_settings("fake", ["vlm.url=http://gpu:8000", "writer.url=https://host/v1", "writer.model=m"])
    assert settings.vlm == VlmSettings("http://gpu:8000")
    assert settings.writer == WriterSettings("https://host/v1", "m")
    assert load_settings("fake").vlm is None


def test_a_key_that_is_not_there_is_told_before_anything_starts(command, look, monkeypatch):
    monkeypatch.delenv("NOT_SET", raising=False)
    done = command(run, look, "--fast", "--no-artifacts", "--set", "vlm.api_key_env=NOT_SET")
    assert done.code == 2
    assert "vlm.api_key_env: the environment variable NOT_SET is not set" in done.err

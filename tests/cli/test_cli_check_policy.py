"""`bt-check --policy`: a server is looked over without a robot, over real sockets."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from bt_robot.arm.so101 import REST
from bt_robot.cli.check import main
from bt_robot.policy.dialect.profile import load_profile
from bt_robot.policy.wire.msgpack_numpy import pack, unpack
from bt_robot.standin.brain import Brain
from tests.policy import policy_kit as kit

FAST = ("--config", "fake", "--requests", "3")


@contextmanager
def server(answer, metadata=None):
    """Answer every request with a function from it to a reply; text is an error, after which it hangs up."""
    asked = []

    def converse(client):
        try:
            client.send(pack(metadata or {}))
            for frame in client:
                asked.append(unpack(frame, 16_000_000))
                reply = answer(asked[-1])
                client.send(reply if isinstance(reply, str) else pack(reply))
                if isinstance(reply, str):
                    return
        except ConnectionClosed:
            pass

    with serve(converse, "127.0.0.1", 0, compression=None, max_size=None) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{running.socket.getsockname()[1]}", asked
        running.shutdown()
        thread.join(kit.WAIT_S)


def follow(request, horizon=50):
    """Stay where the arm is, and lean a little on what the pictures show."""
    rows = np.tile(request["observation.state"], (horizon, 1)).astype(np.float32)
    pictures = [value for value in request.values() if isinstance(value, np.ndarray) and value.ndim == 3]
    rows[:, 0] += sum(float(picture[:8].mean()) for picture in pictures) / 1000.0
    return {"actions": rows, "server_timing": {"infer_ms": 0.01}}


def look(command, url, *arguments, profile="so101_degrees"):
    return command(main, "--policy", url, "--profile", profile, *FAST, *arguments)


def only(done):
    """What is said in JSON of the only server."""
    (server,) = done.json["policy"]["servers"]
    return server


def findings(done):
    return {finding["key"]: finding for finding in only(done)["findings"]}


def flat(done):
    """What is said to a person, as if lines had no end."""
    return " ".join(done.out.split())


def widest(done):
    return max(map(len, done.out.splitlines()))


# --- a good server


def test_a_good_server_is_told_from_greeting_to_verdict(command):
    done = command(main, "--policy", "standin", "--requests", "3")
    assert done.code == 0, done.out
    for words in (
        "announced server: bt_robot standin",
        "what it announces agrees with the profile",
        "reply (50, 6) floats, 1.67 s at 30 Hz",
        "joints on the wire: degrees, gripper 0 closed … 100 open",
        "bt-run would accept this answer",
        "other pictures give another chunk",
        "the server says that it can; policy.execution.strategy: rtc",
        "< H 50 [control steps]: the arm will not wait for answers",
    ):
        assert words in flat(done)
    assert done.out.endswith("\nresult       good\n")
    assert "\x1b" not in done.out
    assert widest(done) <= 80
    assert done.err == ""


def test_json_has_stable_keys_and_finite_numbers(command):
    with kit.served(Brain(), profile="so101_degrees") as url:
        done = look(command, url, "--json")

    def refuse(constant):
        raise AssertionError(constant)

    report = json.loads(done.out, parse_constant=refuse)
    assert (done.code, report["status"], report["policy"]["ok"]) == (0, "OK", True)
    assert set(report["policy"]) == {
        *("ok", "profile", "protocol", "observation", "prompts", "expected_shape", "servers"),
    }
    (found,) = report["policy"]["servers"]
    assert set(found) == {
        *("url", "ok", "result", "announced", "sent", "asked", "answered", "shape", "besides", "joints"),
        *("first_s", "latency", "parts", "forecast", "findings"),
    }
    assert set(found["parts"]) == {"picture", "encode", "network", "server", "decode"}
    assert set(found["latency"]) == {"p50_s", "p95_s", "max_s"}
    assert (found["asked"], found["answered"]) == (3, 3)
    assert [joint["joint"] for joint in found["joints"]] == list(load_profile("so101_degrees").joints)


@pytest.mark.parametrize(
    "profile", ["so101_json", "so101_padded", "so101_velocity", "so101_vllm_omni", "so101_wrapped"]
)
def test_servers_of_every_family_are_good_under_their_own_profile(command, profile):
    with kit.served(Brain(), profile=profile) as url:
        done = look(command, url, "--json", profile=profile)
    assert done.code == 0, done.out
    assert "FAIL" not in {finding["severity"] for finding in findings(done).values()}


def test_marks_are_coloured_on_a_terminal_only_and_never_under_no_color(command, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with server(follow) as (url, _):
        assert "\x1b[32mok  \x1b[0m  shoulder_pan" in look(command, url).out
        monkeypatch.setenv("NO_COLOR", "1")
        assert "\x1b" not in look(command, url).out


@pytest.mark.parametrize("value", [1e308, -1e308, 1e-300])
@pytest.mark.parametrize("profile", ["so101_degrees", "so101_relative", "so101_delta"])
def test_absurd_numbers_are_reported_in_short_lines_and_finite_json(command, value, profile):
    rows = np.full((50, 6), value)
    rows[::2] *= -1
    with server(lambda request: {"actions": rows, "nested": [{"deep": [np.zeros(3), 1e400]}] * 200}) as (url, _):
        done = look(command, url, "--json", profile=profile)
        json.loads(done.out, parse_constant=lambda constant: pytest.fail(constant))
        done = look(command, url, profile=profile)
    assert done.code == 3
    assert widest(done) <= 80
    assert done.err == ""


# --- the wrong profile, against the real stand-in


@pytest.mark.parametrize(
    ("served", "asked_as", "key", "words"),
    [
        ("so101_degrees", "so101_radians", "degrees", "try joint_unit: degrees"),
        ("so101_radians", "so101_degrees", "radians", "try joint_unit: radians"),
        ("so101_radians", "so101_degrees", "gripper_scale", "try gripper: {closed: 0, open: 1}"),
        ("so101_degrees", "so101_radians", "gripper_scale", "try gripper: {closed: 0, open: 100}"),
        ("so101_relative", "so101_degrees", "offsets", "try action_kind: relative or delta"),
        ("so101_delta", "so101_degrees", "offsets", "try action_kind: relative or delta"),
        ("so101_degrees", "so101_relative", "targets", "try action_kind: absolute"),
        ("so101_degrees", "so101_delta", "targets", "try action_kind: absolute"),
        ("so101_degrees", "so101_delta", "refused", "bt-run would refuse this answer: action 0 moves shoulder_lift"),
        ("so101_wrapped", "so101_degrees", "answer", "the request lacks 'obs'"),
        ("so101_padded", "so101_degrees", "metadata", "the server announces action_dim: 32, the profile has 6"),
    ],
)
def test_a_wrong_profile_is_told_with_what_to_change(command, served, asked_as, key, words):
    with kit.served(Brain(), profile=served) as url:
        done = command(main, "--policy", url, "--profile", asked_as, "--requests", "1", "--json")
    assert (done.code, done.json["status"]) == (3, "REFUSED")
    assert words in findings(done)[key]["words"]


def test_a_server_that_would_be_refused_is_asked_all_the_same_so_that_every_mistake_is_told_at_once(command):
    with server(lambda request: follow(request, 10), {"action_dim": 7, "action_horizon": 10, "model": "x"}) as (url, _):
        done = look(command, url)
    assert done.code == 3
    assert "model: x" in done.out
    for words in (
        "FAIL the server announces action_dim: 7, the profile has 6",
        "FAIL the server announces action_horizon: 10, the profile has 50",
        "FAIL the actions have shape (10, 6), expected (50, 6)",
        "< H 10 [control steps]",
    ):
        assert words in flat(done)
    assert done.out.endswith("result       3 things to mend\n")


def test_every_failure_that_is_shown_is_counted_joints_by_themselves(command):
    with kit.served(Brain(), profile="so101_degrees") as url:
        done = look(command, url, profile="so101_radians")
    marks = [line.split()[:2] for line in done.out.splitlines() if line.startswith("  FAIL")]
    joints = [word for _, word in marks if word in load_profile("so101_radians").joints]
    assert len(joints) > 2
    things = len(marks) - len(joints)
    assert done.out.endswith(f"result       {things} things to mend, {len(joints)} joints affected, 1 warning\n")
    assert f"{', '.join(joints)}: far outside its range" in flat(done)
    assert "  so    bt-run would refuse this answer" in done.out
    assert widest(done) <= 80


@pytest.mark.parametrize("profile", ["so101_degrees", "so101_pm100"])
def test_a_server_in_radians_is_told_as_that_and_as_nothing_else(command, profile):
    state_key = load_profile(profile).state_key

    def answer(request):
        rows = np.tile(REST, (50, 1)) + np.linspace(0.0, 0.3, 50)[:, None]
        rows[:, 0] += float(request[state_key][0]) / 1000.0
        return {"actions": rows}

    with server(answer) as (url, _):
        done = look(command, url, "--json", profile=profile)
    failed = [finding["key"] for finding in only(done)["findings"] if finding["severity"] == "FAIL"]
    assert [key for key in failed if key != "refused"] == ["radians"]
    assert "action_kind" not in done.out


# --- a server that wants something else


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("Traceback (most recent call last):\n  File 'x'\nKeyError: 'arm/q'", "try state_key: arm/q"),
        ("KeyError: 'task'", "try prompt_key: task"),
        ("KeyError: 'wrist_rgb'", "try images: {wrist: wrist_rgb}"),
    ],
)
def test_a_server_that_misses_a_key_is_told_with_what_was_sent_and_the_line_to_write(command, words, advice):
    with server(lambda request: words) as (url, _):
        done = look(command, url)
        report = only(look(command, url, "--json"))
    assert done.code == 3
    assert "sent observation.images.front: uint8 (224, 224, 3) observation.images.wrist:" in flat(done)
    assert "observation.state: float32 (6,) prompt: text FAIL the policy server reports: KeyError" in flat(done)
    assert advice in flat(done)
    assert report["sent"]["observation.state"] == "float32 (6,)"


def test_what_was_sent_inside_a_map_is_told_too(command):
    with server(lambda request: "no") as (url, _):
        done = look(command, url, "--json", profile="so101_wrapped")
    assert all(key.startswith("obs > ") for key in only(done)["sent"])


def test_a_servers_whole_traceback_is_shown_on_request(command):
    with server(lambda request: "Traceback (most recent call last):\n  File 'model.py'\nKeyError: 'q'") as (url, _):
        assert "model.py" not in look(command, url).err
        assert "model.py" in look(command, url, "-v").err


def test_another_horizon_than_the_profiles_is_told_with_the_line_to_write(command):
    with server(lambda request: follow(request, 10)) as (url, _):
        done = look(command, url, "--json")
    assert done.code == 3
    assert findings(done)["shape"]["words"] == (
        "the actions have shape (10, 6), expected (50, 6) (horizon, joints): wrong model or profile;"
        " if the model is right, set horizon: 10 in the profile"
    )
    assert len(only(done)["joints"]) == 6


def test_too_few_columns_are_no_table(command):
    with server(lambda request: {"actions": np.zeros((50, 4), np.float32)}) as (url, _):
        done = look(command, url, "--json")
    assert done.code == 3
    assert "the profile's joints are shoulder_pan," in findings(done)["shape"]["words"]
    assert only(done)["joints"] == []


# --- what the answer depends on


def test_a_frozen_policy_is_a_failure(command):
    still = np.tile(np.append(np.rad2deg(REST[:5]), 25.0), (50, 1)).astype(np.float32)
    with server(lambda request: {"actions": still}) as (url, _):
        done = look(command, url, "--json")
    assert done.code == 3
    assert findings(done)["frozen"]["words"].startswith("the answer is the same whatever the server is shown")


def test_a_policy_that_does_not_see_is_warned_about(command):
    with kit.served(profile="so101_degrees") as url:
        done = look(command, url)
    assert done.code == 0
    assert "warn other pictures make no difference to the answer" in flat(done)
    assert "other joints give another chunk" in done.out
    assert done.out.endswith("result       good, but other pictures make no difference to the answer\n")


def test_a_policy_that_samples_is_not_taken_for_one_that_sees(command):
    random = np.random.default_rng(1)

    def sample(request):
        rows = follow(request)["actions"]
        rows[:, 0] = random.normal(0.0, 5.0, 50)
        return {"actions": rows}

    with server(sample) as (url, _):
        done = look(command, url, "--json")
    assert "the policy samples" in findings(done)["repeats"]["words"]
    assert "pictures matter can't be told: chunks differ no more" in findings(done)["pictures_matter"]["words"]


def test_a_server_that_chokes_on_other_pictures_leaves_that_open(command):
    first = []

    def answer(request):
        first.append(request)
        same = np.array_equal(request["observation.state"], first[0]["observation.state"])
        return follow(request) if same else "no such state"

    with server(answer) as (url, _):
        done = look(command, url, "--json")
    assert done.code == 0
    assert findings(done)["joints_matter"]["words"].endswith("the policy server reports: no such state")


# --- continuing a plan


@pytest.mark.parametrize(("profile", "severity"), [("so101_rtc", "ok"), ("so101_degrees", "note")])
def test_whether_a_plan_can_be_continued_is_asked(command, profile, severity):
    with kit.served(Brain(), profile=profile) as url:
        assert findings(look(command, url, "--json", profile=profile))["rtc"]["severity"] == severity


def test_a_config_that_counts_on_it_is_warned(command):
    with server(follow) as (url, asked):
        done = look(command, url, "--set", "policy.execution.strategy=rtc", "--json", profile="so101_rtc")
    assert done.code == 0
    assert findings(done)["rtc"]["severity"] == "warn"
    assert asked[-1]["rtc"]["prev_actions"].shape == (50, 6)


# --- latency


def test_a_server_that_is_too_slow_is_a_warning_with_what_would_help(command, tmp_path):
    quick = tmp_path / "quick.yaml"
    quick.write_text("extends: so101_degrees\nrate_hz: 200\nhorizon: 2\nexecute_steps: 2\n")
    with kit.served(profile=str(quick), latency_s=0.03) as url:
        done = look(command, url, "--set", "control_hz=200", profile=quick)
    assert done.code == 0
    assert ">= H 2 [control steps]: the arm will stand still" in flat(done)
    assert "warn d " in flat(done)
    assert re.search(r"result good, but the arm will stand still \d+ % of the time; 1 more warning$", flat(done))


def test_a_horizon_in_control_steps_is_explained_where_it_is_not_the_number_of_actions(command):
    with server(droid) as (url, _):
        done = look(command, url, profile="pi05_droid")
    assert "; H 30 is 15 actions at 15 Hz" in flat(done)
    with server(follow) as (url, _):
        done = look(command, url, "--set", "policy.execution.speed=0.5")
        assert "; H 100 is 50 actions at 30 Hz and policy.execution.speed 0.5" in flat(done)
        assert " is 50 actions" not in flat(look(command, url))


def test_a_server_that_tells_no_times_is_no_zero(command):
    with server(lambda request: {"actions": follow(request)["actions"]}) as (url, _):
        done = look(command, url, "--json")
    assert only(done)["parts"]["server"] is None
    assert only(done)["latency"]["p95_s"] > 0.0


# --- prompts


def test_the_prompts_of_the_trees_are_asked_each(command):
    with kit.served(Brain(), profile="so101_degrees") as url:
        done = look(command, url, "--tree", "sort_blocks", "pick_place", "--json")
    assert done.code == 0, done.out
    report = done.json["policy"]
    assert len(report["prompts"]) == only(done)["answered"] > 3
    assert "pick up the green block and place it in the container" in report["prompts"]
    assert [tree["ok"] for tree in done.json["trees"]] == [True, True]


def test_a_prompt_that_the_server_does_not_know_is_named(command):
    def answer(request):
        return follow(request) if request["prompt"] == "pick" else "unknown task"

    with server(answer) as (url, _):
        done = look(command, url, "--prompt", "pick", "--prompt", "dance", "--json")
    assert done.code == 3
    assert findings(done)["answer"]["words"] == (
        "1 of 1 requests failed for 'dance': the policy server reports: unknown task"
    )


def test_one_lost_answer_of_some_is_a_warning(command):
    count = []

    def answer(request):
        count.append(1)
        return follow(request) if len(count) != 4 else "a hiccup"

    with server(answer) as (url, _):
        done = look(command, url, "--json")
    assert done.code == 0
    lost = findings(done)["answer"]
    assert (lost["severity"], lost["words"][:27]) == ("warn", "1 of 3 requests failed: the")


def test_a_server_that_dies_is_not_asked_a_thousand_times(command):
    count = []

    def answer(request):
        count.append(1)
        return follow(request) if len(count) <= 4 else "out of memory"

    with server(answer) as (url, _):
        done = look(command, url, "--requests", "1000", "--json")
    assert only(done)["asked"] == 5
    assert "3 of 5 requests failed; gave up before 1000" in findings(done)["answer"]["words"]


def test_a_tree_with_a_mistake_comes_first(command, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("tree: bad\nroot: wiat\n")
    with server(follow) as (url, asked):
        done = look(command, url, "--tree", bad)
    assert done.code == 2
    assert "bad.yaml:2:7" in done.err
    assert "the server was not asked: mend the tree first" in done.err
    assert asked == []


# --- what is shown


def test_what_was_shown_can_be_saved_and_shown_again(command, tmp_path):
    path = tmp_path / "seen.npz"
    with server(follow) as (url, asked):
        assert look(command, url, "--save", path).code == 0
        before = asked[0]
        del asked[:]
        assert look(command, url, "--observation", path).code == 0
    for key, value in before.items():
        np.testing.assert_array_equal(value, asked[0][key])


def test_a_picture_is_shown_to_every_camera(command, tmp_path):
    import cv2

    path = tmp_path / "red.png"
    cv2.imwrite(str(path), np.full((224, 224, 3), (0, 0, 255), np.uint8))
    with server(follow) as (url, asked):
        done = look(command, url, "--observation", path)
    assert "for every camera" in flat(done)
    for key in ("observation.images.front", "observation.images.wrist"):
        assert asked[0][key][5, 5].tolist() == [255, 0, 0]


def test_a_cameras_picture_is_shown_in_rgb_and_the_camera_let_go(command, monkeypatch):
    import cv2

    opened = []

    class Camera:
        def __init__(self, number):
            opened.append(number)

        def isOpened(self):  # noqa: N802 (OpenCV's own name)
            return True

        def read(self):
            return True, np.full((480, 640, 3), (0, 0, 255), np.uint8)

        def release(self):
            opened.remove(2)

    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    with server(follow) as (url, asked):
        done = look(command, url, "--observation", "camera:2")
    assert done.code == 0, done.out
    assert asked[0]["observation.images.wrist"][112, 112].tolist() == [255, 0, 0]
    assert "one picture of camera:2 for every camera" in done.out
    assert opened == []


PICTURE = np.zeros((8, 8, 3), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"front": PICTURE}, "lacks 'wrist'; expected an array for each of front, wrist, and 'state'"),
        ({"front": PICTURE, "wrist": PICTURE, "top": PICTURE}, "holds 'top'; expected"),
        ({"front": PICTURE, "wrist": PICTURE[:, :, 0]}, "'wrist' is uint8 (8, 8); expected uint8 (height, width, 3)"),
        ({"front": PICTURE / 2, "wrist": PICTURE}, "'front' is float64 (8, 8, 3); expected uint8"),
        ({"front": PICTURE, "wrist": PICTURE, "state": np.zeros(5)}, "'state' is float64 (5,); expected 6 finite"),
        ({"front": PICTURE, "wrist": PICTURE, "state": np.full(6, np.nan)}, "expected 6 finite numbers, for shoulder"),
        ({"front": np.array([{}]), "wrist": PICTURE}, "is no .npz file of plain arrays"),
        (
            {"front": PICTURE, "wrist": PICTURE, "state": np.array([0.0, -90.0, 77.0, 68.0, 0.0, 0.5])},
            "'state' puts shoulder_lift at -90 rad, outside -1.75 … 1.75; is the state in degrees?",
        ),
        (
            {"front": PICTURE, "wrist": PICTURE, "state": np.array([*REST[:5], 25.0])},
            "'state' puts gripper at 25, outside 0 … 1; is the state in 0 … 100?",
        ),
    ],
)
def test_a_recorded_observation_that_does_not_fit_is_told_exactly(command, tmp_path, arrays, words):
    path = tmp_path / "seen.npz"
    np.savez(path, **arrays)
    done = look(command, "ws://127.0.0.1:9", "--observation", path)
    assert done.code == 2
    assert words in done.err


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("seen.npz", b"nothing", "is no .npz file of plain arrays"),
        ("seen.png", b"nothing", "is no picture; expected PNG or JPEG"),
        ("empty.jpg", b"", "is no picture; expected PNG or JPEG"),
    ],
)
def test_a_file_that_is_something_else_is_told(command, tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    done = look(command, "ws://127.0.0.1:9", "--observation", path)
    assert (done.code, words in done.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--observation", "camera:97"], "--observation camera:97: no camera 97; "),
        (["--observation", "camera:x"], "'x' is no camera's number; expected e.g. camera:0"),
        (["--observation", "gone.png"], "no such file; expected sim, camera:N, a picture or an .npz file"),
        (["--save", "seen.png"], "--save 'seen.png' does not end in .npz"),
        (["--save", "/proc/no/seen.npz"], "--save '/proc/no/seen.npz' can't be written: No such file or directory"),
        (["--requests", "1001"], "--requests: '1001' is more than 1000"),
        (["--requests", "0"], "--requests: '0' is not a whole number above 0"),
        (["--prompt", " "], "--prompt is empty"),
        (["--profile", "so101_degree"], "did you mean 'so101_degrees'?"),
        (["--policy", "http://gpu:8000"], "--policy: url 'http://gpu:8000' is no websocket address"),
        (["--set", "policy.api_key_env=BT_NO_SUCH_KEY"], "the environment variable BT_NO_SUCH_KEY is not set"),
        (["--set", "policy.jpg=off"], "policy.jpg"),
        (["--policy", "[ws://a,ws://b]"], "is no single address; repeat the flag: --policy ws://a --policy ws://b"),
        (["--policy", "ws://a,ws://b"], "is no single address; repeat the flag"),
    ],
)
def test_a_wrong_flag_is_told_before_anything_is_connected(command, arguments, words):
    done = look(command, "ws://127.0.0.1:9", *arguments)
    assert done.code == 2
    assert words in done.err


@pytest.mark.parametrize("flags", [["--profile", "standin"], ["--prompt", "x"], ["--save", "x.npz"]])
def test_flags_about_a_server_want_one(command, flags):
    done = command(main, "pick_place", *flags)
    assert done.code == 2
    assert f"{flags[0]} is about a server; give --policy URL, too" in done.err


def test_nothing_to_check_is_told(command):
    assert "give a TREE, or a server with --policy URL" in command(main).err


# --- other robots


def droid(request):
    assert request["observation/joint_position"].tolist() == pytest.approx([0.0] * 7, abs=0.02)
    rows = np.full((15, 8), 0.1 + float(request["observation/gripper_position"][0]) / 10, np.float32)
    rows[:, 0] += request["observation/exterior_image_1_left"][:8].mean() / 1e4
    return {"actions": rows}


def libero(request):
    rows = np.full((10, 7), 0.05 + request["observation/state"][0], np.float32)
    rows[:, 0] += request["observation/image"][:8].mean() / 1e4
    return {"actions": rows}


def aloha(request):
    rows = np.tile(request["state"], (50, 1)).astype(np.float32)
    rows[:, 0] += request["images"]["cam_high"][:, :8].mean() / 1e4
    return {"actions": rows}


@pytest.mark.parametrize(("profile", "answer"), [("pi05_droid", droid), ("pi05_libero", libero), ("pi05_aloha", aloha)])
def test_other_robots_servers_are_asked_with_a_state_that_is_said_to_be_made_up(command, profile, answer):
    with server(answer) as (url, _):
        done = look(command, url, profile=profile)
    assert done.code == 0, done.out
    assert "the state is made up, zeros and grippers half open" in flat(done)
    stands_in = "its pictures stand in, in turn" in flat(done)
    assert widest(done) <= 80
    assert stands_in == (profile != "pi05_libero")  # whose cameras are called like the simulation's


def test_speeds_of_a_robot_that_is_not_known_are_told_and_warned_about_beyond_what_arms_do(command):
    def answer(request):
        rows = droid(request)["actions"]
        rows[-1, 1] = -1.9
        return {"actions": rows}

    with server(answer) as (url, _):
        done = look(command, url, profile="pi05_droid")
        joints = only(look(command, url, "--json", profile="pi05_droid"))["joints"]
    assert done.code == 0
    assert "warn joint_2: faster than 4 rad/s; wrong joint_unit or velocity_scale?" in flat(done)
    assert "fastest" in done.out
    assert done.out.endswith("result       good, but joint_2: faster than 4 rad/s\n")
    assert [joints[1]["speed"], joints[1]["most_speed"]] == pytest.approx([5.7, 4.0])
    assert "a half-open gripper was made up" in joints[7]["why"]
    assert (joints[7]["severity"], joints[7]["speed"]) == ("note", None)


def test_a_state_without_the_gripper_is_judged_with_what_was_measured(command, tmp_path):
    arm = "[shoulder_pan, shoulder_lift, elbow_flex, wrist_flex, wrist_roll]"
    path = tmp_path / "armless.yaml"
    path.write_text(f"extends: so101_degrees\nstate_key: {{state: {arm}}}\n")

    def answer(request):
        return follow({**request, "observation.state": np.append(request["state"], 30.0)})

    with server(answer) as (url, asked):
        done = look(command, url, "--json", profile=path)
    assert done.code == 0, done.out
    assert asked[0]["state"].shape == (5,)
    assert only(done)["joints"][5]["state"] == pytest.approx(100.0 * REST[5])


# --- connections


def test_no_server_is_a_refusal_in_both_languages(command):
    wait = ("--set", "policy.start_wait_s=0")
    done = look(command, "ws://127.0.0.1:9", *wait)
    assert done.code == 3
    assert "FAIL no policy server at ws://127.0.0.1:9: connection refused" in flat(done)
    assert "observation" not in done.out  # nothing was shown
    assert "prompt" not in done.out
    done = look(command, "ws://127.0.0.1:9", *wait, "--json")
    assert (done.code, done.json["status"], only(done)["latency"]) == (3, "REFUSED", None)


def test_every_server_of_a_list_is_looked_at_and_one_that_is_absent_is_a_refusal(command):
    with server(follow) as (one, _), server(follow) as (other, _):
        urls = (one, "--policy", "ws://127.0.0.1:9", "--policy", other)
        done = look(command, *urls)
        report = look(command, *urls, "--json").json
    assert done.code == 3
    assert done.out.count("server       ws://") == 3
    assert done.out.count("observation  ") == 1
    assert "FAIL no policy server at ws://127.0.0.1:9: connection refused" in flat(done)
    assert f"server {other} ok nothing to mend; the p95 of its answers is" in flat(done)
    assert flat(done).endswith(f"result {one}: good ws://127.0.0.1:9: no connection {other}: good")
    servers = report["policy"]["servers"]
    assert (report["status"], report["policy"]["ok"]) == ("REFUSED", False)
    assert [found["url"] for found in servers] == [one, "ws://127.0.0.1:9", other]
    assert [found["ok"] for found in servers] == [True, False, True]
    assert [finding["key"] for finding in servers[1]["findings"]] == ["connection"]


def test_one_server_named_twice_is_looked_at_once(command):
    with server(follow) as (url, _):
        only(look(command, url, "--policy", url, "--json"))


def test_the_api_key_is_sent_and_never_shown(command, monkeypatch):
    monkeypatch.setenv("BT_CHECK_KEY", "s3cret-key")
    with server(follow, {"you_said": "s3cret-key", "b\x1b[31mad": "\x1b]0;title\x07" + "x" * 5000}) as (url, _):
        for more in ((), ("--json",)):
            done = look(command, url, "--set", "policy.api_key_env=BT_CHECK_KEY", *more)
            assert done.code == 0
            assert "s3cret-key" not in done.out + done.err
            assert "\x1b" not in done.out + done.err
            assert "(the API key)" in done.out


def test_ctrl_c_ends_it_while_the_first_answer_is_awaited(tmp_path):
    asked, over = threading.Event(), threading.Event()

    def never(request):
        asked.set()
        over.wait(kit.WAIT_S)
        return "too late"

    with server(never) as (url, _):
        flags = ["--policy", url, "--profile", "so101_degrees", *FAST, "--json"]
        process = subprocess.Popen(
            [sys.executable, "-c", "import sys; from bt_robot.cli.check import main; sys.exit(main())", *flags],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert asked.wait(kit.WAIT_S)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=kit.WAIT_S)
        over.set()
    assert process.returncode == 130
    assert json.loads(out.splitlines()[-1])["status"] == "INTERRUPTED"


def test_checking_a_tree_loads_no_more_than_it_did():
    code = (
        "import sys; from bt_robot.cli.check import main; main(['pick_place']);"
        " sys.exit(' '.join({'mujoco', 'websockets', 'cv2', 'msgpack'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
    assert done.returncode == 0

"""How the stand-in greets, answers, complains and hangs up in each family, over real sockets."""

from __future__ import annotations

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from bt_robot.arm.so101 import LIMITS
from bt_robot.policy.dialect.dialect import Dialect
from bt_robot.policy.dialect.profile import load_profile
from bt_robot.policy.wire.msgpack_numpy import pack, unpack
from tests.policy import policy_kit as kit

PATHS = {"so101_vllm_omni": "/v1/realtime/robot/openpi", "so101_sglang": "/openpi/policy"}
NAMES = {"endpoint": "infer", "session_id": "s1"}


def served(profile, **settings):
    return kit.served(profile=profile, **settings)


def talk(url, profile):
    return connect(url + PATHS.get(profile, ""), compression=None)


def request(profile, **extra):
    return pack({**Dialect(load_profile(profile), LIMITS).request(kit.observation(), "go"), **extra})


def ask(profile, frame, **settings):
    with served(profile, **settings) as url, talk(url, profile) as client:
        greeting = unpack(client.recv(kit.WAIT_S))
        client.send(frame)
        return greeting, client.recv(kit.WAIT_S)


def test_roboarena_announces_its_needs_and_answers_with_a_bare_array():
    greeting, reply = ask("so101_roboarena", request("so101_roboarena", **NAMES))
    assert greeting == {
        "image_resolution": [224, 224],
        "needs_wrist_camera": True,
        "n_external_cameras": 1,
        "needs_stereo_camera": False,
        "needs_session_id": False,
        "action_space": "joint_position",
    }
    assert unpack(reply).shape == (15, 6)


def test_roboarena_misses_an_endpoint_in_words_and_hangs_up():
    with served("so101_roboarena") as url, talk(url, "") as client:
        client.recv(kit.WAIT_S)
        client.send(request("so101_roboarena"))
        assert "the request lacks 'endpoint'" in client.recv(kit.WAIT_S)
        with pytest.raises(ConnectionClosedError) as closed:
            client.recv(kit.WAIT_S)
        assert closed.value.rcvd.code == 1011


def test_roboarena_answers_a_reset_with_text_and_vllm_omni_with_a_map():
    assert ask("so101_roboarena", pack({"endpoint": "reset"}))[1] == "reset successful"
    reply = ask("so101_vllm_omni", pack({"endpoint": "reset", "session_id": "s"}))[1]
    assert unpack(reply) == {"status": "reset successful"}


def test_vllm_omni_puts_arm_and_gripper_under_keys_of_their_own():
    greeting, reply = ask("so101_vllm_omni", request("so101_vllm_omni", **NAMES))
    assert greeting["action_keys"] == ["joint_position", "gripper_position"]
    assert greeting["needs_session_id"] is True
    actions = unpack(reply)
    assert {key: (value.shape, value.dtype) for key, value in actions.items()} == {
        "joint_position": ((15, 5), np.float32),
        "gripper_position": ((15, 1), np.float32),
    }


def test_vllm_omnis_errors_are_answers_and_the_connection_stays():
    with served("so101_vllm_omni") as url, talk(url, "so101_vllm_omni") as client:
        client.recv(kit.WAIT_S)
        client.send(request("so101_vllm_omni"))
        error = unpack(client.recv(kit.WAIT_S))
        assert error["type"] == "error"
        assert error["message"].startswith("WireError: the request lacks 'session_id'; it holds ")
        client.send(request("so101_vllm_omni", **NAMES))
        assert "joint_position" in unpack(client.recv(kit.WAIT_S))


def test_vllm_omni_hangs_up_on_who_is_silent_and_goes_with_a_farewell():
    with served("so101_vllm_omni", idle_s=0.05) as url, talk(url, "so101_vllm_omni") as client:
        client.recv(kit.WAIT_S)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(kit.WAIT_S)
        assert closed.value.rcvd.code == 1000


@pytest.mark.parametrize("profile", PATHS)
def test_a_family_with_a_path_answers_404_elsewhere(profile):
    with served(profile) as url, pytest.raises(InvalidStatus) as refused:
        connect(url, compression=None).__enter__()
    assert refused.value.response.status_code == 404
    assert PATHS[profile].encode() in refused.value.response.body


def test_sglang_announces_input_and_output_and_times_its_answer():
    greeting, reply = ask("so101_sglang", request("so101_sglang"))
    assert greeting["object"] == "action.metadata"
    assert greeting["input"]["image_size"] == [224, 224]
    assert greeting["output"]["action_horizon"] == 50
    assert unpack(reply).keys() == {"actions", "timings", "server_timing"}


def test_sglangs_error_is_a_map_with_a_traceback_and_then_it_hangs_up():
    with served("so101_sglang") as url, talk(url, "so101_sglang") as client:
        client.recv(kit.WAIT_S)
        client.send(pack({}))
        error = unpack(client.recv(kit.WAIT_S))["error"]
        assert error.startswith("Traceback")
        assert "the request lacks 'observation.images.front'" in error
        with pytest.raises(ConnectionClosedError) as closed:
            client.recv(kit.WAIT_S)
        assert closed.value.rcvd.code == 1011


def test_a_request_that_is_given_a_name_is_answered_by_it():
    reply = unpack(ask("standin", request("standin", request_id="r7"))[1])
    assert reply["request_id"] == "r7"


def test_a_plan_to_continue_is_continued_and_that_is_said():
    profile = load_profile("standin")
    plan = np.tile(kit.still()[0] + 3.0, (50, 1)).astype(np.float32)
    rtc = {"prev_actions": plan, "valid_steps": 25, "inference_delay": 4, "execution_horizon": 25}
    frame = request("standin", rtc={**rtc, **profile.rtc.constants})
    reply = unpack(ask("standin", frame)[1])
    assert reply["rtc"] == {"guided": True}
    np.testing.assert_allclose(reply["actions"][:4], plan[:4], atol=1e-3)
    np.testing.assert_allclose(reply["actions"][25:], kit.still()[25:], atol=1e-3)


def test_other_noise_for_another_question_and_the_same_for_the_same():
    from bt_robot.standin.spread import Spread

    def actions(prompt):
        with served("standin", spread=Spread(0.05, seed=1)) as url, talk(url, "") as client:
            client.recv(kit.WAIT_S)
            client.send(pack(Dialect(load_profile("standin"), LIMITS).request(kit.observation(), prompt)))
            return unpack(client.recv(kit.WAIT_S))["actions"]

    np.testing.assert_array_equal(actions("go"), actions("go"))
    assert not np.allclose(actions("go"), actions("stop"))

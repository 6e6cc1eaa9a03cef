"""Several servers, one in use: whom to turn to, how long to wait, what to make them forget."""

from __future__ import annotations

import logging
import queue
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.errors import (
    PolicyRefused,
    PolicyTimeout,
    PolicyUnavailable,
    ServerError,
    UsageError,
    WireError,
)
from bt_robot.policy.connection.access import Access
from bt_robot.policy.connection.announced import Announced
from bt_robot.policy.connection.base import Timeouts
from bt_robot.policy.connection.failover import Servers, connect_patiently, open_servers
from bt_robot.policy.connection.manners import MANNERS
from bt_robot.policy.wire.base import Reply
from tests.policy import policy_kit as kit
from tests.scale import examples

LIMITS = Timeouts(connect_s=3.0, first_inference_s=100.0, inference_s=5.0)
ANY = replace(kit.PROFILE, metadata={})
LOST = PolicyUnavailable("the server is gone")
FAREWELL = PolicyUnavailable("closed with code 1000", hung_up=True)


def absent(name):
    return PolicyUnavailable(f"no policy server at ws://{name}: connection refused")


def good(count):
    return [kit.still()] * count


def policies(*names, script=()):
    return [kit.ScriptedPolicy(*script, url=f"ws://{name}") for name in names]


def servers(*them, protocol="openpi", profile=ANY):
    return Servers(them, LIMITS, Announced(profile).admit, MANNERS[protocol])


def asked(policy):
    return [fields for fields, _ in policy.asked]


def limits(policy):
    return [limit_s for _, limit_s in policy.asked]


def test_the_first_of_the_list_is_used_while_it_works():
    a, b = policies("a", "b", script=good(3))
    link = servers(a, b)
    for _ in range(3):
        link.ask({}, 0)
    assert (link.url, link.connects, b.connects) == ("ws://a", 1, 0)
    assert link.urls == ("ws://a", "ws://b")


def test_the_next_is_used_when_the_first_is_absent_and_a_person_is_told_why(caplog):
    a, b = policies("a", "b", script=good(1))
    a.metadata = [absent("a")]
    link = servers(a, b)
    link.connect()
    assert link.url == "ws://b"
    assert caplog.messages == [
        "the policy server ws://b is asked from now on: no policy server at ws://a: connection refused"
    ]


def test_none_of_the_list_is_told_with_every_one():
    a, b = policies("a", "b")
    a.metadata, b.metadata = [absent("a")], [PolicyTimeout("busy")]
    with pytest.raises(PolicyUnavailable) as refused:
        servers(a, b).connect()
    assert str(refused.value) == (
        "no policy server of the list can be used: no policy server at ws://a: connection refused; ws://b: busy"
    )


def test_the_error_of_a_single_server_stays_what_it_was():
    (a,) = policies("a")
    a.metadata = [PolicyTimeout("ws://a did not answer")]
    with pytest.raises(PolicyTimeout, match=r"^ws://a did not answer$"):
        servers(a).connect()


def test_a_link_without_servers_is_a_mistake():
    with pytest.raises(ValueError, match="at least one server"):
        servers()


@pytest.mark.parametrize("error", [LOST, PolicyTimeout("hangs")])
def test_a_server_that_is_lost_or_hangs_goes_to_the_end_of_the_line(error, caplog):
    a, b, c = policies("a", "b", "c", script=good(1))
    a.tell(error)
    link = servers(a, b, c)
    link.ask({}, 0)
    with pytest.raises(type(error)):
        link.ask({}, 0)
    link.ask({}, 0)
    assert link.url == "ws://b"
    assert "the policy server ws://b is asked from now on: ws://a is lost" in caplog.messages
    b.tell(LOST)
    c.metadata = [absent("c")]
    a.tell(kit.still())
    with pytest.raises(PolicyUnavailable):
        link.ask({}, 0)
    link.ask({}, 0)
    assert link.url == "ws://a"


def test_a_server_that_hung_up_is_asked_again_before_the_others():
    a, b = policies("a", "b", script=good(1))
    a.tell(FAREWELL, kit.still())
    link = servers(a, b)
    link.ask({}, 0)
    link.ask({}, 0)
    assert (link.url, a.connects, b.connects) == ("ws://a", 2, 0)


@pytest.mark.parametrize("error", [ServerError("unknown prompt"), WireError("garbage")])
def test_a_server_that_answers_badly_is_not_lost(error):
    a, b = policies("a", "b", script=good(1))
    a.tell(error, kit.still())
    link = servers(a, b)
    link.ask({}, 0)
    with pytest.raises(type(error)):
        link.ask({}, 0)
    link.ask({}, 0)
    assert (link.url, limits(a)) == ("ws://a", [100.0, 5.0, 5.0])


def test_a_connection_that_a_server_leaves_open_after_an_error_is_used_again():
    (a,) = policies("a", script=good(1))
    a.tell(ServerError("bad prompt", open=True), kit.still())
    link = servers(a)
    link.ask({}, 0)
    with pytest.raises(ServerError):
        link.ask({}, 0)
    link.ask({}, 0)
    assert a.connects == 1


def test_a_server_of_the_list_that_must_not_be_used_is_passed_over():
    a, b = policies("a", "b", script=good(1))
    a.metadata = [{"action_horizon": 10}]
    link = servers(a, b)
    link.ask({}, 0)
    assert link.url == "ws://b"
    assert not a.connected


def test_none_of_the_list_is_a_refusal_if_one_must_not_be_used():
    a, b = policies("a", "b")
    a.metadata, b.metadata = [{"action_horizon": 10}], [absent("b")]
    with pytest.raises(PolicyRefused) as refused:
        servers(a, b).connect()
    assert str(refused.value) == (
        "no policy server of the list can be used: ws://a: the server announces action_horizon: 10, the profile has "
        "50; no policy server at ws://b: connection refused"
    )


def test_only_the_first_answer_gets_the_time_of_a_compilation():
    (a,) = policies("a", script=good(3))
    link = servers(a)
    for _ in range(3):
        link.ask({}, 0)
    assert limits(a) == [100.0, 5.0, 5.0]


def test_after_a_loss_the_first_answer_gets_it_again():
    (a,) = policies("a", script=[kit.still(), LOST, kit.still(), kit.still()])
    link = servers(a)
    link.ask({}, 0)
    with pytest.raises(PolicyUnavailable):
        link.ask({}, 0)
    link.ask({}, 0)
    link.ask({}, 0)
    assert limits(a) == [100.0, 5.0, 100.0, 5.0]


@pytest.mark.parametrize(
    ("met", "error"),
    [
        pytest.param(absent("a"), PolicyUnavailable, id="an absence"),
        pytest.param({"model": "other"}, PolicyRefused, id="another server was refused"),
    ],
)
def test_the_first_answer_gets_it_again_after(met, error):
    (a,) = policies("a", script=good(2))
    link = servers(a)
    link.ask({}, 0)
    a.connected, a.metadata = False, [met, kit.METADATA]
    with pytest.raises(error):
        link.ask({}, 0)
    link.ask({}, 0)
    assert limits(a) == [100.0, 100.0]


def test_before_anything_worked_the_preferred_server_is_tried_first_every_time():
    a, b = policies("a", "b")
    a.metadata, b.metadata = [absent("a"), kit.METADATA], [absent("b"), kit.METADATA]
    link = servers(a, b)
    with pytest.raises(PolicyUnavailable):
        link.connect()
    link.connect()
    assert link.url == "ws://a"


def test_a_link_that_was_aborted_connects_no_more():
    a, b = policies("a", "b", script=good(1))
    link = servers(a, b)
    link.ask({}, 0)
    link.abort()
    assert a.aborted.is_set()
    assert b.aborted.is_set()
    a.connected = False
    with pytest.raises(PolicyUnavailable, match="the link is closed"):
        link.ask({}, 0)
    assert (a.connects, b.connects) == (1, 0)


def test_after_an_orderly_farewell_it_does_not():
    (a,) = policies("a", script=good(2))
    link = servers(a)
    link.ask({}, 0)
    a.connected = False
    link.ask({}, 0)
    assert limits(a) == [100.0, 5.0]


def test_a_server_that_breaks_off_while_nothing_is_asked_may_have_been_restarted():
    (a,) = policies("a", script=good(2))
    link = servers(a)
    link.ask({}, 0)
    a.connected, a.lost = False, True
    link.ask({}, 0)
    assert limits(a) == [100.0, 100.0]


def test_stock_openpi_gets_the_observation_and_nothing_else():
    (a,) = policies("a", script=good(2))
    link = servers(a)
    observation = {"prompt": "go"}
    link.ask(observation, 0)
    link.ask(observation, 1)
    assert all(fields is observation for fields in asked(a))
    assert a.resets == []


def test_roboarena_is_told_to_forget_when_an_epoch_begins_and_only_then():
    (a,) = policies("a", script=good(4))
    link = servers(a, protocol="roboarena")
    for epoch in (0, 0, 1, 1):
        link.ask({"prompt": "go"}, epoch)
    assert len(a.resets) == 2
    one, two, three, four = asked(a)
    assert one["endpoint"] == "infer"
    assert list(one) == ["prompt", "endpoint", "session_id"]
    assert one["session_id"] == two["session_id"] != three["session_id"] == four["session_id"]
    assert a.resets[1][0] == {"session_id": one["session_id"]}


def test_a_server_with_sessions_gets_a_new_one_per_epoch_and_keeps_it_over_an_idle_close():
    (a,) = policies("a", script=good(3))
    link = servers(a, protocol="vllm_omni")
    link.ask({}, 0)
    a.connected = False
    link.ask({}, 0)
    link.ask({}, 1)
    one, two, three = [fields["session_id"] for fields in asked(a)]
    assert one == two != three
    assert a.resets == []


def test_a_server_that_was_lost_begins_anew():
    (a,) = policies("a", script=[kit.still(), LOST, kit.still()])
    link = servers(a, protocol="vllm_omni")
    link.ask({}, 0)
    with pytest.raises(PolicyUnavailable):
        link.ask({}, 0)
    link.ask({}, 0)
    assert len({fields["session_id"] for fields in asked(a)}) == 2


def test_the_next_episode_begins_anew_when_told():
    (a,) = policies("a", script=good(2))
    link = servers(a, protocol="roboarena")
    link.ask({}, 0)
    link.forget()
    link.ask({}, 0)
    assert len(a.resets) == 2


def test_a_urls_missing_path_is_the_familys_and_a_repeated_url_is_one_server():
    profile = replace(ANY, protocol="vllm_omni")
    link = open_servers(profile, ["ws://a:1", "ws://a:1/", "ws://b:1/x"], LIMITS)
    assert link.urls == ("ws://a:1/v1/realtime/robot/openpi", "ws://b:1/x")


def test_a_url_with_a_password_is_refused_without_being_shown():
    with pytest.raises(UsageError) as refused:
        open_servers(ANY, ["ws://me:hunter2@gpu:8000"], LIMITS)
    assert "hunter2" not in str(refused.value)


@settings(max_examples=examples(60))
@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(st.booleans(), min_size=n, max_size=n), max_size=8)))
def test_whichever_servers_come_and_go_one_that_is_there_is_asked_and_it_is_kept_while_it_stays(rounds):
    them = [Ready(url=f"ws://{name}") for name in "abcd"[: len(rounds[0]) if rounds else 1]]
    link, at, lost = servers(*them), 0, False
    for there in rounds:
        for one, up in zip(them, there, strict=True):
            one.metadata = [{} if up else absent(one.url.removeprefix("ws://"))]
            if one.connected and not up:
                one.connected, one.lost = False, True
        lost = lost or (link.connects > 0 and not there[at])
        if not any(there):
            with pytest.raises(PolicyUnavailable):
                link.ask({}, 0)
            continue
        line = [(at + lost + i) % len(them) for i in range(len(them))]
        at, lost = next(i for i in line if there[i]), False
        link.ask({}, 0)
        assert link.url == them[at].url


class Ready(kit.ScriptedPolicy):
    """Always has an answer."""

    def infer(self, fields, timeout_s):
        return Reply(kit.still())


class Patience:
    """A clock that only sleeping moves."""

    def __init__(self, policy, there_at_s):
        self.now_s, self.slept_s, self.policy, self.there_at_s = 0.0, [], policy, there_at_s
        policy.metadata = [absent("a")]

    def sleep(self, time_s):
        self.slept_s.append(time_s)
        self.now_s += time_s
        if self.now_s >= self.there_at_s:
            self.policy.metadata = [kit.METADATA]

    def connect(self, wait_s):
        connect_patiently(servers(self.policy), wait_s, now=lambda: self.now_s, sleep=self.sleep)


def test_an_absent_server_is_told_at_once_and_tried_after_1_2_4_and_8_seconds(caplog):
    (a,) = policies("a")
    patience = Patience(a, 24.0)
    with caplog.at_level(logging.WARNING):
        patience.connect(60.0)
    assert patience.slept_s == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert caplog.messages[0] == (
        "no policy server at ws://a: connection refused (trying again in 1 s, for 60 s more; Ctrl-C to give up)"
    )


def test_waiting_ends_with_the_time_for_it_after_a_last_try():
    (a,) = policies("a")
    patience = Patience(a, 10.0)
    with pytest.raises(PolicyUnavailable, match="no policy server at ws://a"):
        patience.connect(5.0)
    assert patience.slept_s == [1.0, 2.0, 2.0]
    assert a.connects == 4
    patience.slept_s.clear()
    patience.connect(5.0)  # it is there at 10 s
    assert patience.slept_s == [1.0, 2.0, 2.0]


def test_without_time_to_wait_the_first_refusal_is_the_last():
    (a,) = policies("a")
    patience = Patience(a, 1.0)
    with pytest.raises(PolicyUnavailable):
        patience.connect(0.0)
    assert patience.slept_s == []


@pytest.mark.parametrize("metadata", [PolicyRefused("untrusted"), {"action_horizon": 10}, WireError("garbage")])
def test_what_waiting_does_not_change_is_not_waited_for(metadata):
    (a,) = policies("a")
    patience = Patience(a, 1.0)
    a.metadata = [metadata]
    with pytest.raises((PolicyRefused, WireError)):
        patience.connect(60.0)
    assert patience.slept_s == []


def test_ctrl_c_ends_the_wait():
    (a,) = policies("a")
    a.metadata = [absent("a")]

    def interrupted(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        connect_patiently(servers(a), 60.0, sleep=interrupted)


def test_a_standby_that_hangs_gets_no_time_to_compile_while_the_first_server_is_only_slow():
    a, b = policies("a", "b", script=good(1))
    a.tell(PolicyTimeout("no answer"), kit.still())
    b.script = queue.SimpleQueue()
    b.tell(PolicyTimeout("no answer"))
    link = servers(a, b)
    link.ask({}, 0)
    for _ in range(2):
        with pytest.raises(PolicyTimeout):
            link.ask({}, 0)
    assert limits(b) == [5.0]
    link.ask({}, 0)
    assert (link.url, limits(a)) == ("ws://a", [100.0, 5.0, 5.0])


def test_a_standby_gets_the_time_to_compile_when_the_first_server_is_gone():
    a, b = policies("a", "b", script=good(1))
    a.tell(LOST)
    link = servers(a, b)
    link.ask({}, 0)
    with pytest.raises(PolicyUnavailable):
        link.ask({}, 0)
    link.ask({}, 0)
    assert limits(b) == [100.0]


def test_that_the_next_server_announces_something_else_is_told_with_the_switch(caplog):
    a, b = policies("a", "b", script=good(1))
    a.metadata, b.metadata = [{"model": "pick", "host": "x"}], [{"model": "fold", "host": "x"}]
    a.tell(LOST)
    link = servers(a, b)
    link.ask({}, 0)
    with pytest.raises(PolicyUnavailable):
        link.ask({}, 0)
    link.ask({}, 0)
    assert (
        "the policy server ws://b is asked from now on (it announces another model): ws://a is lost" in caplog.messages
    )


def test_a_key_that_a_server_announces_back_is_hidden_in_the_refusal(monkeypatch):
    monkeypatch.setenv("KEY", "sk-secret-42")
    link = open_servers(replace(ANY, metadata={"who": "x"}), ["ws://a"], LIMITS, Access.read("KEY", ""))
    (policy,) = link._policies
    monkeypatch.setattr(policy, "connect", lambda timeout_s: {"who": "Api-Key sk-secret-42"})
    with pytest.raises(PolicyRefused) as refused:
        link.connect()
    assert "sk-secret" not in str(refused.value)
    assert "announces who: " in str(refused.value)
    assert refused.value.__cause__ is None

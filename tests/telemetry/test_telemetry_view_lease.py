"""Who may steer: one at a time, and only as long as it is there."""

from hypothesis import given
from hypothesis import strategies as st

from bt_robot.telemetry.view.lease import ALIVE_S, EXPIRES_S, Lease


def test_one_at_a_time():
    lease = Lease()
    assert lease.take("anna", 0.0)
    assert not lease.take("ben", 0.1)
    assert lease.take("anna", 0.1)
    assert lease.holder == "anna"


def test_it_is_given_back_by_its_holder_only():
    lease = Lease()
    lease.take("anna", 0.0)
    assert not lease.leave("ben")
    assert lease.leave("anna")
    assert not lease.leave("anna")
    assert lease.take("ben", 0.1)


def test_a_holder_that_says_that_it_is_there_keeps_it():
    lease = Lease()
    lease.take("anna", 0.0)
    for k in range(100):
        assert lease.expire(k * ALIVE_S) is None
        assert lease.alive("anna", k * ALIVE_S)
        assert not lease.alive("ben", k * ALIVE_S)


def test_a_holder_that_is_silent_loses_it_within_a_quarter_of_a_second():
    assert EXPIRES_S == 0.25
    lease = Lease()
    lease.take("anna", 1.0)
    lease.alive("ben", 1.2)
    assert lease.expire(1.25) is None
    assert lease.expire(1.2501) == "anna"
    assert lease.holder is None
    assert lease.expire(9.0) is None
    assert not lease.alive("anna", 9.0)


@given(
    st.lists(st.tuples(st.sampled_from(["take", "alive", "leave", "wait"]), st.sampled_from("ab"), st.floats(0, 0.3)))
)
def test_nobody_ever_has_it_beside_another_or_silently(calls):
    lease, now_s, heard_s = Lease(), 0.0, 0.0
    for what, who, later_s in calls:
        now_s += later_s
        lost = lease.expire(now_s)
        assert (lost is not None) <= (now_s - heard_s > EXPIRES_S)
        before = lease.holder
        had = what != "wait" and getattr(lease, what)(who, *(() if what == "leave" else (now_s,)))
        if had and what != "leave":
            heard_s = now_s
            assert lease.holder == who
        assert before in (None, lease.holder) or (what == "leave" and before == who)
        assert lease.holder is None or now_s - heard_s <= EXPIRES_S

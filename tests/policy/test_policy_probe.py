"""The probe asks and does not judge: whatever is no fault of the wire is handed back as it came."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bt_robot.arm.so101 import LOWER, REST, UPPER
from bt_robot.errors import UsageError
from bt_robot.policy.connection.access import Access
from bt_robot.policy.connection.base import Timeouts
from bt_robot.policy.dialect.profile import load_profile
from bt_robot.policy.inspection.probe import Probe, Question, state_names
from tests.policy import policy_kit as kit

IMAGES = {"front": kit.PICTURE, "wrist": kit.PICTURE}


def probe(url, profile, **more):
    return Probe(profile, [url], Timeouts(), Access(), **more)


def test_an_answer_comes_in_the_wires_units_with_where_its_time_went():
    with kit.served(profile="so101_degrees") as url:
        one = probe(url, load_profile("so101_degrees"))
        one.connect()
        sample = one.ask(Question(IMAGES, REST, "go"))
        one.close()
    assert sample.wire.shape == (50, 6)
    np.testing.assert_allclose(sample.wire[0], kit.SCALE.to_wire(REST), atol=1e-4)
    assert sample.sent_bytes == 2 * kit.PICTURE.nbytes
    assert 0.0 < sample.parts.encode_s + sample.parts.network_s < sample.latency_s


def test_what_a_run_would_refuse_is_kept_and_asked_all_the_same():
    with kit.served(profile="so101_degrees", horizon=10) as url:
        one = probe(url, load_profile("so101_degrees"))
        one.connect()
        sample = one.ask(Question(IMAGES, REST, "go"))
        one.close()
    assert sample.wire.shape == (10, 6)
    assert one.objections == ("the server announces action_horizon: 10, the profile has 50",)
    assert one.announced is not None
    assert one.announced["action_horizon"] == 10


def test_a_state_that_is_no_joints_has_its_own_names():
    libero = load_profile("pi05_libero")
    one = probe("ws://127.0.0.1:9", libero)
    assert state_names(libero) == ("x", "y", "z", "axis_x", "axis_y", "axis_z", "finger_1", "finger_2")
    assert np.isnan(one.joints(np.zeros(8))).all()


def test_a_unit_that_needs_ranges_is_refused_without():
    profile = replace(load_profile("so101_degrees"), joint_unit="range_100")
    with pytest.raises(UsageError, match="range_100 needs the joints' ranges, and the config's robot has other joints"):
        probe("ws://127.0.0.1:9", profile)
    probe("ws://127.0.0.1:9", profile, ranges_rad=(LOWER, UPPER))

"""Whole runs in simulation, the stand-in speaking each profile: the block ends up in the container."""

from __future__ import annotations

import os

import pytest

from bt_robot.arm.so101 import JOINT_NAMES
from bt_robot.cli.session import Job, open_session
from bt_robot.cli.settings import load_settings
from bt_robot.cli.task import load_task, policy_server
from bt_robot.messages import Status
from bt_robot.policy.dialect.profile import built_in_profiles, load_profile
from bt_robot.telemetry.audit import audit

FEW = (
    "so101_velocity",
    "so101_delta",
    "so101_nested_chw",
    "so101_libero_keys",
    "so101_vllm_omni",
    "so101_roboarena",
    "so101_json",
)
OTHERS = [
    name
    for name in built_in_profiles()
    if set(load_profile(name).joints) == set(JOINT_NAMES)
    and set(load_profile(name).images) <= {"front", "wrist"}
    and name not in FEW
]
PM100_AT_20_HZ = "extends: so101_pm100\nrate_hz: 20\nhorizon: 30\nexecute_steps: 15\n"
OTHER_CAMERAS = "extends: {}\nimages: {{front: {}, wrist: {}}}\n"
soak = pytest.mark.skipif(not os.environ.get("BT_SOAK"), reason="the wide sweep runs with BT_SOAK=1")


class Records:
    """A sink that keeps the commands, and how many chunks the server says it guided."""

    def __init__(self):
        self.commands, self.guided = [], 0

    def publish(self, record):
        self.commands.append(record.command.positions)
        self.guided += record.chunk is not None and record.chunk.guided


def run(profile, *sets):
    """Run the main job; return its ending, whether the block is in the container, and the guided chunks."""
    settings = load_settings("sim", [f"policy.profile={profile}", *sets])
    spec = load_task("pick_place")
    with (
        policy_server(settings, spec) as urls,
        open_session(Job(settings, spec, urls, seed=1, fast=True, max_time_s=60.0)) as session,
    ):
        records = Records()
        ending = session.run([records])
        assert audit(records.commands, session.start, session.plans.limits, 1 / settings.control_hz) == []
        return ending, session.robot.in_container("red"), records.guided


def succeeds(profile, *sets):
    ending, placed, guided = run(profile, *sets)
    assert (ending.status, ending.reason, placed) == (Status.SUCCESS, "", True)
    return guided


@pytest.mark.parametrize("profile", FEW)
def test_very_different_servers_do_the_same_job(profile):
    succeeds(profile)


def test_a_profile_of_ones_own_at_another_rate_on_60_hz(tmp_path):
    (tmp_path / "own.yaml").write_text(PM100_AT_20_HZ)
    succeeds(tmp_path / "own.yaml", "control_hz=60")


@pytest.mark.parametrize(
    ("base", "front", "wrist"),
    [
        ("so101_pi05_websocket", "observation/images/realsense", "observation/images/wrist2"),
        ("so101_three_cameras", "[observation/image_front, observation/image_top]", "observation/image_wrist"),
    ],
)
def test_a_server_for_other_cameras_gets_those_there_are(base, front, wrist, tmp_path):
    (tmp_path / "own.yaml").write_text(OTHER_CAMERAS.format(base, front, wrist))
    succeeds(tmp_path / "own.yaml")


def test_another_horizon_than_the_profiles_does_the_same_job():
    succeeds("standin", "policy.horizon=20")


def test_jpeg_pictures_do_the_same_job():
    succeeds("standin", "policy.jpeg=90")


@pytest.mark.parametrize("profile", ["standin", "so101_rtc"])
def test_a_server_that_continues_the_plan_does_the_same_job(profile):
    assert succeeds(profile, "policy.execution.strategy=rtc") > 0
    assert succeeds(profile) == 0


@soak
@pytest.mark.parametrize("profile", OTHERS)
def test_every_other_built_in_profile_does_the_same_job(profile):
    succeeds(profile)


@soak
@pytest.mark.parametrize("profile", [*FEW, "so101_pm100"])
def test_at_60_hz_too(profile):
    succeeds(profile, "control_hz=60")

"""Config files: strict, complete, every problem at once."""

import numpy as np
import pytest

from bt_robot.arm import so101
from bt_robot.cli.settings import LimitSettings, load_settings
from bt_robot.config.builtin import builtin_folder
from bt_robot.errors import LoadError
from bt_robot.robot.fake import FakeSettings
from bt_robot.robot.sim.settings import SimSettings


@pytest.mark.parametrize("path", sorted(builtin_folder("configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_config_loads_and_fits_the_robot(path):
    settings = load_settings(str(path))
    limits = settings.limits.envelope(so101.LIMITS)
    assert np.all(limits.lower >= so101.LOWER)
    assert "rest" in settings.named_poses(so101.LIMITS)


def test_the_robot_is_chosen_by_its_type():
    assert isinstance(load_settings("sim").robot, SimSettings)
    assert isinstance(load_settings("fake").robot, FakeSettings)


def problems(*assignments):
    with pytest.raises(LoadError) as caught:
        load_settings("sim", assignments)
    return [str(problem) for problem in caught.value.problems]


def test_set_is_checked_like_the_file():
    assert problems("policy.timeut_s=3", "limits.velocity_rad_s=.nan", "robot.type=smi") == [
        "--set limits.velocity_rad_s=.nan: velocity_rad_s: '.nan'; expected a number from 0.01 to 20",
        "--set policy.timeut_s=3: unknown key 'timeut_s'; expected one of api_key_env, ca_file, connect_timeout_s,"
        " execution, first_timeout_s, horizon, jpeg, profile, simulated_jitter_s, simulated_latency_s, start_wait_s,"
        " timeout_s, url (did you mean 'timeout_s'?)",
        "--set robot.type=smi: unknown robot.type 'smi'; expected one of fake, sim, so101 (did you mean 'sim'?)",
    ]


def test_an_address_that_is_no_websocket_is_refused():
    (problem,) = problems("policy.url=localhost:8000")
    assert problem == (
        "--set policy.url=localhost:8000: policy: url 'localhost:8000' is no websocket address;"
        " expected ws://host:port, wss://host:port or standin (try ws://localhost:8000)"
    )


def test_a_broken_file_is_told_with_its_place(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("control_hz: 30\nrobot: {type: fake\n")
    with pytest.raises(LoadError, match=r"broken\.yaml:3:1: not YAML"):
        load_settings(str(path))


def test_a_pose_outside_the_robots_range_is_refused():
    settings = load_settings("sim", ["poses.rest=[0, -9, 0, 0, 0, 0]"])
    with pytest.raises(ValueError, match=r"pose .rest.: shoulder_lift at -9 is outside"):
        settings.named_poses(so101.LIMITS)
    settings = load_settings("sim", ["poses.rest=[0, 0]"])
    with pytest.raises(ValueError, match="pose 'rest' has 2 values, expected one for each of"):
        settings.named_poses(so101.LIMITS)


def test_the_margin_is_kept_on_both_ends_of_every_joint_but_the_gripper():
    limits = LimitSettings(margin_rad=0.1).envelope(so101.LIMITS)
    assert np.allclose(limits.lower[:-1] - so101.LOWER[:-1], 0.1)
    assert np.allclose(so101.UPPER[:-1] - limits.upper[:-1], 0.1)
    assert (limits.lower[-1], limits.upper[-1]) == (0.0, 1.0)
    with pytest.raises(ValueError, match="leaves a joint no room"):
        LimitSettings(margin_rad=2.0).envelope(so101.LIMITS)

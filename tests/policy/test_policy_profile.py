"""Profiles: those that come with the package, and what is refused in one's own."""

from __future__ import annotations

import pytest

from bt_robot.arm.so101 import JOINT_NAMES
from bt_robot.errors import LoadError
from bt_robot.policy.profile import built_in_profiles, load_profile

MINIMAL = "protocol: openpi\nimages: {cam: image}\njoints: [a, b]\nhorizon: 10\nexecute_steps: 5\n"


@pytest.fixture
def problems(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def load(text):
        (tmp_path / "p.yaml").write_text(text)
        with pytest.raises(LoadError) as refused:
            load_profile("p.yaml")
        return str(refused.value).splitlines()

    return load


@pytest.mark.parametrize("name", built_in_profiles())
def test_every_built_in_profile_is_for_the_so101(name):
    profile = load_profile(name)
    assert profile.joints == JOINT_NAMES
    assert profile.horizon == 50
    assert profile.rate_hz == 30.0
    assert set(profile.images) == {"front", "wrist"}
    assert profile.description.endswith(".")


def test_the_built_in_profiles_are_known_by_name():
    assert built_in_profiles() == ("so101_degrees", "so101_json", "standin")


def test_a_json_profile_has_a_key_per_joint():
    assert load_profile("so101_json").state_keys()[-1] == "observation.state.gripper.pos"
    assert load_profile("standin").state_keys() == ("observation.state",)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(LoadError) as refused:
        load_profile("standing")
    assert str(refused.value) == (
        "standing: unknown profile; expected one of so101_degrees, so101_json, standin, or the path of a .yaml file "
        "(did you mean 'standin'?)"
    )


def test_a_missing_file_is_refused():
    with pytest.raises(LoadError, match=r"^no/p\.yaml: can't be read: No such file or directory"):
        load_profile("no/p.yaml")


def test_a_file_of_ones_own_is_read(tmp_path):
    (tmp_path / "own.yml").write_text(MINIMAL + "gripper: {closed: 1, open: 0}\n")
    profile = load_profile(str(tmp_path / "own.yml"))
    assert profile.gripper.open == 0.0
    assert profile.wire_keys() == ("image", "observation.state", "prompt")


def test_every_problem_is_told_at_once_with_its_place(problems):
    assert problems("protocol: openpy\nimages: {cam: image}\njoints: [a, b]\nhorizon: 0\nhorizont: 3\n") == [
        "p.yaml:1:11: unknown protocol 'openpy'; expected one of json, openpi (did you mean 'openpi'?)",
        "p.yaml:4:10: horizon: '0'; expected a whole number from 1 to 1000",
        "p.yaml:5:1: unknown key 'horizont'; expected one of action_kind, description, gripper, horizon, image_height, "
        "image_layout, image_width, images, joint_unit, joints, max_first_jump_rad, metadata, prompt_key, protocol, "
        "rate_hz, execute_steps, state_key (did you mean 'horizon'?)",
    ]


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("action_kind: delta\n", "action_kind 'delta' can't be executed, only 'absolute' targets can"),
        ("action_kind: velocity\n", "action_kind 'velocity' can't be executed, only 'absolute' targets can"),
        ("state_key: image\n", "the wire key 'image' is used twice"),
        ("state_key: prompt\n", "the wire key 'prompt' is used twice"),
        ("gripper: {closed: 2, open: 2}\n", "closed and open are both 2"),
    ],
)
def test_what_contradicts_itself_or_cannot_be_executed_is_refused(problems, extra, words):
    (line,) = problems(MINIMAL + extra)
    assert words in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MINIMAL.replace("[a, b]", "[a, a]"), "joints needs at least two names, each of them once"),
        (MINIMAL.replace("steps: 5", "steps: 11"), "execute_steps 11 is beyond the horizon of 10"),
        (MINIMAL.replace("openpi", "json") + "metadata: {a: 1}\n", "the json protocol announces none"),
    ],
)
def test_fields_that_do_not_fit_each_other_are_refused(problems, text, words):
    (line,) = problems(text)
    assert words in line


def test_metadata_keep_their_types(tmp_path):
    (tmp_path / "own.yaml").write_text(MINIMAL + "metadata: {name: x, n: 3, on_arm: true, v: '1.0'}\n")
    metadata = load_profile(str(tmp_path / "own.yaml")).metadata
    assert metadata == {"name": "x", "n": 3, "on_arm": True, "v": "1.0"}
    assert type(metadata["n"]) is int

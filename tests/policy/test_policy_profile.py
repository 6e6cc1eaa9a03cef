"""Profiles: those that come with the package, and what is refused in one's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bt_robot.arm.so101 import JOINT_NAMES
from bt_robot.errors import LoadError
from bt_robot.policy.dialect.profile import built_in_profiles, load_profile

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
def test_every_built_in_profile_loads_and_says_what_it_is_for(name):
    profile = load_profile(name)
    assert profile.description.endswith(".")
    assert profile.execute_steps < profile.horizon
    if name.startswith("so101") or name == "standin":
        assert profile.joints == JOINT_NAMES


@pytest.mark.parametrize(
    ("name", "rate_hz", "shape", "kind"),
    [
        ("pi05_droid", 15, (15, 8), "velocity"),
        ("pi05_droid_jointpos", 15, (16, 8), "absolute"),
        ("pi05_libero", 20, (10, 7), "delta"),
        ("pi05_aloha", 50, (50, 14), "absolute"),
        ("so101_pi05_websocket", 10, (8, 6), "absolute"),
    ],
)
def test_openpis_own_configs_have_their_horizon_columns_rate_and_kind(name, rate_hz, shape, kind):
    profile = load_profile(name)
    assert (profile.rate_hz, (profile.horizon, profile.columns), profile.action_kind) == (rate_hz, shape, kind)


def test_aloha_has_two_grippers_and_the_others_have_one():
    assert [i for i, gripper in enumerate(load_profile("pi05_aloha").grippers) if gripper] == [6, 13]
    assert [i for i, gripper in enumerate(load_profile("pi05_droid").grippers) if gripper] == [7]


def test_a_key_per_joint_a_split_state_and_a_list_of_picture_keys():
    assert load_profile("so101_json").wire_keys()[-2] == "observation.state.gripper.pos"
    assert [key for key, _, _ in load_profile("pi05_droid").state_joints()] == [
        "observation/joint_position",
        "observation/gripper_position",
    ]
    assert load_profile("so101_same_picture").image_keys("front") == ("observation/image", "observation/wrist_image")


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(LoadError) as refused:
        load_profile("standing")
    words = str(refused.value)
    assert words.startswith("standing: unknown profile; expected one of pi05_aloha, ")
    assert words.endswith(", or the path of a .yaml file (did you mean 'standin'?)")


def test_a_missing_file_is_refused():
    with pytest.raises(LoadError, match=r"^no/p\.yaml: can't be read: No such file or directory"):
        load_profile("no/p.yaml")


def test_a_file_of_ones_own_is_read(tmp_path):
    (tmp_path / "own.yml").write_text(MINIMAL + "gripper: {closed: 1, open: 0}\n")
    profile = load_profile(str(tmp_path / "own.yml"))
    assert profile.gripper.open == 0.0
    assert profile.wire_keys() == ("image", "observation.state", "prompt")


def test_every_problem_is_told_at_once_with_its_place(problems):
    protocol, horizon, key = problems(
        "protocol: openpy\nimages: {cam: image}\njoints: [a, b]\nhorizon: 0\nhorizont: 3\n"
    )
    assert protocol.startswith("p.yaml:1:11: unknown protocol 'openpy'; expected one of ")
    assert protocol.endswith("(did you mean 'openpi'?)")
    assert horizon == "p.yaml:4:10: horizon: '0'; expected a whole number from 1 to 1000"
    assert key.startswith("p.yaml:5:1: unknown key 'horizont'; expected one of ")
    assert key.endswith("(did you mean 'horizon'?)")


JSON = MINIMAL.replace("openpi", "json")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MINIMAL + "state_key: image\n", "the wire key 'image' is used twice"),
        (MINIMAL + "state_key: prompt\n", "the wire key 'prompt' is used twice"),
        (MINIMAL + "gripper: {closed: 2, open: 2}\n", "closed and open are both 2"),
        (MINIMAL + "state_key: {state: []}\n", "state_key: each key needs the names of the joints under it"),
        (MINIMAL.replace("{cam: image}", "{cam: []}"), "images: each camera needs at least one wire key"),
        (MINIMAL + "action_dim: 1\n", "action_dim 1 is less than the 2 joints"),
        (MINIMAL + "gripper_joints: [bb]\n", "gripper_joints: there is no joint 'bb' (did you mean 'b'?)"),
        (MINIMAL + "action_kind: delta\nrtc: {}\n", "rtc has no place with action_kind delta: a plan to continue"),
        (MINIMAL + "rtc: {prev_actions: ''}\n", "prev_actions is empty"),
        (MINIMAL + "rtc: {announced_by: '', confirmed_by: ''}\n", "announced_by and confirmed_by are both empty"),
        (JSON + "images_under: images\n", "images_under has no place in the json protocol"),
        (JSON + "wrap_key: obs\n", "wrap_key has no place in the json protocol"),
        (JSON + "decodes_jpeg: true\n", "decodes_jpeg has no place in the json protocol"),
        (JSON + "rtc: {}\n", "rtc has no place in the json protocol"),
        (JSON + "action_key: action\n", "action_key has no place in the json protocol: it is always 'actions'"),
    ],
)
def test_what_contradicts_itself_or_cannot_be_executed_is_refused(problems, text, words):
    (line,) = problems(text)
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


@pytest.fixture
def folder(tmp_path):
    def write(**files):
        for name, text in files.items():
            path = tmp_path / f"{name}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return lambda name: load_profile(str(tmp_path / f"{name}.yaml"))

    return write


def test_a_profile_that_extends_another_says_only_what_differs(folder):
    load = folder(own="extends: so101_degrees\nhorizon: 30\ngripper: {closed: 1, open: 0}\n")
    own, base = load("own"), load_profile("so101_degrees")
    assert (own.horizon, own.gripper.open) == (30, 0.0)
    assert own.images == base.images


def test_extending_goes_from_file_to_file_beside_it_and_the_nearest_word_counts(folder):
    load = folder(a="extends: b.yaml\nrate_hz: 20\n", b="extends: ./c.yaml\nrate_hz: 10\nhorizon: 40\n", c=MINIMAL)
    assert (load("a").rate_hz, load("a").horizon, load("a").execute_steps) == (20.0, 40, 20)


def test_another_horizon_needs_no_other_word():
    assert replace(load_profile("standin"), horizon=11, execute_steps=0).execute_steps == 6


def test_a_shorter_horizon_than_the_extended_profiles_is_executed_by_half(folder):
    load = folder(own="extends: so101_radians\nhorizon: 10\n")
    assert load("own").execute_steps == 5


def test_a_value_is_replaced_whole(folder):
    load = folder(own="extends: standin\nimages: {front: image}\nmetadata: {}\nrtc:\n")
    assert load("own").images == {"front": "image"}
    assert load("own").metadata == {}
    assert load("own").rtc is None


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a": "extends: a.yaml\n"}, "a.yaml:1:10: 'a.yaml' extends itself; expected profiles that end at one that"),
        ({"a": "extends: b.yaml\n", "b": "extends: a.yaml\n"}, "b.yaml:1:10: 'a.yaml' extends itself"),
        ({"a": "extends: standing\n"}, "a.yaml:1:10: unknown profile 'standing'; expected one of "),
        ({"a": "extends: [standin]\n"}, "a.yaml:1:10: extends is no name; expected a built-in profile, or the path"),
        ({"a": "extends: none.yaml\n"}, "none.yaml: can't be read: No such file or directory"),
        ({"a": "extends: b.yaml\nhorizon: x\n", "b": MINIMAL + "rate_hz: y\n"}, "b.yaml:6:10: rate_hz: 'y'"),
        (
            {"a": "extends: b0.yaml\n", **{f"b{i}": f"extends: b{i + 1}.yaml\n" for i in range(9)}, "b9": MINIMAL},
            "b7.yaml:1:10: more than 8 profiles extend one another",
        ),
    ],
    ids=["itself", "cycle", "unknown", "list", "missing", "problems of both", "too long"],
)
def test_what_cannot_be_extended_is_refused_with_its_place(folder, files, words):
    with pytest.raises(LoadError) as refused:
        folder(**files)("a")
    assert words in str(refused.value)


def test_problems_of_both_files_are_told_at_once(folder):
    with pytest.raises(LoadError) as refused:
        folder(a="extends: b.yaml\nhorizon: x\n", b=MINIMAL + "rate_hz: y\n")("a")
    assert [problem.line for problem in refused.value.problems] == [2, 6]


def test_another_horizon_never_leaves_more_to_execute_than_there_is():
    profile = load_profile("standin")
    assert profile.with_horizon(None) is profile
    assert (profile.with_horizon(10).horizon, profile.with_horizon(10).execute_steps) == (10, 5)
    assert (profile.with_horizon(80).horizon, profile.with_horizon(80).execute_steps) == (80, 25)

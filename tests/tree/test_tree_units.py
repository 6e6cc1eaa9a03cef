"""Names end in their unit; a value in another unit does not pass."""

from __future__ import annotations

import pytest
from tree_leaves import REGISTRY

from bt_robot.errors import LoadError
from bt_robot.nodes import standard_registry
from bt_robot.tree import parse_tree
from bt_robot.tree.vocabulary.units import in_unit, unit_of


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("wait_s", "s"),
        ("wait_ms", "ms"),
        ("speed_rad_s", "rad_s"),
        ("acceleration_rad_s2", "rad_s2"),
        ("rate_hz", "hz"),
        ("tilt_deg", "deg"),
        ("width_mm", "mm"),
        ("width_m", "m"),
        ("items", ""),
        ("s", ""),
        ("_s", ""),
        ("rad_s", "s"),
        ("block_a", ""),
        ("colour", ""),
    ],
)
def test_the_unit_of_a_name(name, unit):
    assert unit_of(name) == unit


def test_a_name_in_another_unit():
    assert in_unit("wait_ms", "s") == "wait_s"
    assert in_unit("speed_deg_s", "rad_s") == "speed_rad_s"


def root(key: str) -> str:
    return f'tree: t\nroot: {{sequence: [{{measure: {{seen: "{{{key}}}"}}}}, {{wait: {{duration_s: "{{{key}}}"}}}}]}}'


@pytest.mark.parametrize("key", ["pause_s", "pause", "pauses"])
def test_a_key_in_the_same_unit_or_in_none_passes(key):
    assert parse_tree(root(key), "t.yaml", REGISTRY).root


def test_a_key_in_another_unit_is_refused():
    with pytest.raises(LoadError) as error:
        parse_tree(root("pause_ms"), "t.yaml", REGISTRY)
    assert str(error.value).endswith(
        "wait.duration_s: the key 'pause_ms' is in ms; expected a key in s "
        "(what writes it has to give s, to a key such as 'pause_s')"
    )


@pytest.mark.parametrize(
    "node", ['set_blackboard: {key: "{b_s}", value: "{a_ms}"}', 'compare: {left: "{a_ms}", is: less, right: "{b_s}"}']
)
def test_a_value_is_not_copied_or_compared_across_units(node):
    text = f"""
tree: t
root:
  sequence:
    - set_blackboard: {{key: "{{a_ms}}", value: 500}}
    - set_blackboard: {{key: "{{b_s}}", value: 0.5}}
    - {node}
"""
    with pytest.raises(LoadError) as refused:
        parse_tree(text, "t.yaml", standard_registry())
    (problem,) = refused.value.problems
    assert problem.code == "key-type"
    assert " is in " in problem.message

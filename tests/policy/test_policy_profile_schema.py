"""The schema of profiles and the loader agree, on the built-in profiles and on generated ones."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bt_robot.config.source import Problems, parse
from bt_robot.config.values import bind
from bt_robot.policy.dialect import profile as profiles
from bt_robot.policy.dialect.profile import Profile, built_in_profiles, load_profile
from bt_robot.policy.dialect.schema import profile_schema, schema_text
from tests.scale import examples

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = profile_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
KEYS = [item.name for item in dataclasses.fields(Profile)]
MINIMAL = {"protocol": "openpi", "images": {"cam": "image"}, "joints": ["a", "b"], "horizon": 10, "execute_steps": 5}
TEXTS = st.text(st.characters(max_codepoint=0x2FF, exclude_categories=("Cc",)), max_size=8)
WORDS = st.sampled_from(["openpi", "json", "chw", "velocity", "radians", "a", "{joint}", "rtc", "", "off"])
NUMBERS = st.integers(-5, 1100) | st.floats(-2.0, 300.0).filter(lambda x: x != int(x)).map(
    lambda x: round(x, 3) + 0.0001
)
SCALARS = st.none() | st.booleans() | NUMBERS | WORDS | TEXTS
SMALL_KEYS = st.sampled_from(["cam", "closed", "open", "binary", "key", "valid_steps", "constants", "x"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SMALL_KEYS, inner, max_size=3), max_leaves=6
)
PROFILES = st.builds(
    lambda base, changes, dropped: {k: v for k, v in {**base, **changes}.items() if k not in dropped},
    st.just(MINIMAL),
    st.dictionaries(st.sampled_from([*KEYS, "horizont"]), VALUES, max_size=3),
    st.sets(st.sampled_from(list(MINIMAL)), max_size=1),
)


def wrong_fields(value):
    """What the loader objects to, without what only holds between several keys: that has nothing expected."""
    problems = Problems()
    node = parse(json.dumps(value, ensure_ascii=False), "p.yaml", problems)
    bind(Profile, node, problems, "profile")
    return [problem for problem in problems.found if problem.expected]


@settings(max_examples=examples(300))
@given(PROFILES)
def test_the_schema_and_the_loader_refuse_the_same(value):
    assert VALIDATOR.is_valid(value) == (wrong_fields(value) == []), wrong_fields(value)


@pytest.mark.parametrize("name", built_in_profiles())
def test_every_built_in_profile_fits_the_schema(name):
    path = Path(profiles.__file__).parents[1] / "profiles" / f"{name}.yaml"
    errors = [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(path.read_text()))]
    assert errors == []


def test_a_profile_that_extends_another_needs_nothing_else():
    assert VALIDATOR.is_valid({"extends": "standin"})
    assert not VALIDATOR.is_valid({"extends": "standin", "horizon": "x"})
    assert not VALIDATOR.is_valid({"horizon": 10})


def test_every_key_is_described():
    assert [key for key, schema in SCHEMA["properties"].items() if not schema.get("description")] == []
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_in_the_docs_is_up_to_date():
    assert (DOCS / "profile.schema.json").read_text(encoding="utf-8") == schema_text(), "run: make docs"


def test_the_page_about_profiles_lists_every_built_in_one():
    page = (DOCS / "profiles.md").read_text(encoding="utf-8")
    for name in built_in_profiles():
        assert f"| `{name}` | {load_profile(name).description} |" in page


def test_every_key_of_the_page_about_profiles_exists():
    page = (DOCS / "profiles.md").read_text(encoding="utf-8")
    table = page.partition("| key | where it stands |")[2].partition("\n\n")[0]
    first_cells = re.findall(r"^\| (`[^|]+) \|", table, flags=re.MULTILINE)
    named = {key for cell in first_cells for key in re.findall(r"`(\w+)`", cell)}
    assert len(named) > 15
    assert named <= set(KEYS)


def test_the_example_on_the_page_loads(tmp_path):
    (example,) = re.findall(r"```yaml\n(# my_arm.yaml\n.*?)```", (DOCS / "profiles.md").read_text(), flags=re.DOTALL)
    (tmp_path / "my_arm.yaml").write_text(example)
    assert load_profile(str(tmp_path / "my_arm.yaml")).horizon == 10

"""Keys of the blackboard: written before they can be read, of one type, and followed from key to key."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_leaves import ManualContext, Measure, Wait

from bt_robot.errors import LoadError
from bt_robot.messages import TickContext
from bt_robot.nodes.blackboard import KeyExists, SetBlackboard, UnsetBlackboard
from bt_robot.tree import Action, Input, Outcome, Output, Registry, build_tree, parse_tree, success
from tests.scale import examples

KEYS = ("a", "b", "c")


class Take(Action):
    """Take a number, a word and a list."""

    type_name = "take"
    number = Input(float, default=0.0, doc="a number")
    count = Input(int, default=0, doc="a whole number")
    word = Input(str, default="", doc="a word")
    numbers = Input(tuple[float, ...], default=(), doc="numbers")

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Read all."""
        assert isinstance(self.number, (int, float))
        assert isinstance(self.count, int)
        assert isinstance(self.word, str)
        assert isinstance(self.numbers, tuple)
        return success()


class Find(Action):
    """Write a number, or that there is none."""

    type_name = "find"
    found = Output(float | None, doc="a number")

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Write that there is none."""
        self.found = None
        return success()


REGISTRY = Registry([Find, Take, SetBlackboard, UnsetBlackboard, KeyExists, Measure, Wait])


def problems(*nodes: str) -> list[str]:
    lines = "".join(f"    - {node}\n" for node in nodes)
    try:
        parse_tree(f"tree: t\nroot:\n  sequence:\n{lines}", "t.yaml", REGISTRY)
    except LoadError as error:
        return str(error).splitlines()
    return []


def put(key: str, value: str) -> str:
    return f'set_blackboard: {{key: "{{{key}}}", value: {value}}}'


CASES: dict[str, tuple[list[str], list[str]]] = {
    "a key has the type of the value that is written": (
        [put("x", "red"), 'take: {number: "{x}"}'],
        [
            "t.yaml:5:22: take.number: the key 'x' holds text, written by set_blackboard.key on line 4 of t.yaml; "
            "expected a number"
        ],
    ),
    "a whole number is a number": ([put("x", "3"), 'take: {number: "{x}", count: "{x}"}'], []),
    "a number is no whole number": (
        [put("x", "3.0"), 'take: {count: "{x}"}'],
        [
            "t.yaml:5:21: take.count: the key 'x' holds a number, written by set_blackboard.key on line 4 of t.yaml; "
            "expected a whole number"
        ],
    ),
    "a list of whole numbers is a list of numbers": ([put("x", "[1, 2]"), 'take: {numbers: "{x}"}'], []),
    "what may be missing is a value, too": (['find: {found: "{x}"}', put("y", '"{x}"')], []),
    "what may be missing is no number": (
        ['find: {found: "{x}"}', put("y", '"{x}"'), 'take: {number: "{y}"}'],
        [
            "t.yaml:6:22: take.number: the key 'y' holds a number or nothing, written by set_blackboard.key on line 5 "
            "of t.yaml; expected a number"
        ],
    ),
    "an item of an empty list is anything": (
        [
            'for_each: {items: [], item: "{x}", child: {take: {number: "{x}"}}}',
            'for_each: {items: [1], item: "{x}", child: {take: {number: "{x}"}}}',
        ],
        [],
    ),
    "an empty list is any list": ([put("x", "[]"), 'take: {numbers: "{x}"}'], []),
    "a type follows a value from key to key": (
        [put("x", "red"), put("y", '"{x}"'), put("z", '"{y}"'), 'take: {number: "{z}"}'],
        [
            "t.yaml:7:22: take.number: the key 'z' holds text, written by set_blackboard.key on line 6 of t.yaml; "
            "expected a number"
        ],
    ),
    "a list passes the type of its items": (
        [
            put("l", "[a, b]"),
            'for_each: {items: "{l}", item: "{i}", child: {take: {number: "{i}"}}}',
        ],
        [
            "t.yaml:5:68: take.number: the key 'i' holds text, written by for_each.item on line 5 of t.yaml; "
            "expected a number"
        ],
    ),
    "two writers of unlike types": (
        [put("x", "3"), put("x", "red")],
        [
            "t.yaml:5:29: set_blackboard.key: the key 'x' gets text here, and a whole number from set_blackboard.key "
            "on line 4 of t.yaml; expected a whole number (a key has one type)"
        ],
    ),
    "every writer of another type": (
        [put("x", "3"), put("x", "red"), put("x", "blue"), put("x", "[1]")],
        [
            f"t.yaml:{line}:29: set_blackboard.key: the key 'x' gets {what} here, and a whole number from "
            "set_blackboard.key on line 4 of t.yaml; expected a whole number (a key has one type)"
            for line, what in ((5, "text"), (6, "text"), (7, "a list of whole numbers"))
        ],
    ),
    "a writer whose value is wrong clashes with nothing": (
        [put("x", "3"), put("x", "{a: 1}"), 'take: {count: "{x}"}'],
        [
            "t.yaml:5:43: set_blackboard.value: a mapping; expected a value: text, a number, true or false, or a list "
            "of them"
        ],
    ),
    "two writers of numbers": ([put("x", "3"), put("x", "2.5"), 'take: {number: "{x}"}'], []),
    "two writers of numbers, and a reader of whole ones": (
        [put("x", "3"), put("x", "2.5"), 'take: {count: "{x}"}'],
        [
            "t.yaml:6:21: take.count: the key 'x' holds a number, written by set_blackboard.key on line 5 of t.yaml; "
            "expected a whole number"
        ],
    ),
    "a key that only gets itself": (
        [put("x", '"{x}"')],
        [
            "t.yaml:4:43: set_blackboard.value: the key 'x' is read here, but never written; expected a key that an "
            "output is bound to"
        ],
    ),
    "a key that is only unset": (
        ['unset_blackboard: {key: "{x}"}'],
        [
            "t.yaml:4:31: unset_blackboard.key: the key 'x' is unset here, but never written; expected a key that an "
            "output is bound to"
        ],
    ),
    "a key that is only looked for": (
        [put("width", "1"), 'key_exists: {key: "{widht}"}'],
        [
            "t.yaml:5:25: key_exists.key: the key 'widht' is read here, but never written; expected a key that an "
            "output is bound to (did you mean 'width'?)"
        ],
    ),
    "a key whose writer has another mistake is not reported twice": (
        ['set_blackboard: {key: "{x}", valu: 3}', 'take: {number: "{x}"}'],
        [
            "t.yaml:4:36: unknown parameter of 'set_blackboard': 'valu'; expected one of key, name, value "
            "(did you mean 'value'?)",
        ],
    ),
    "a value where a key belongs": (
        ["set_blackboard: {key: x, value: 3}", "key_exists: {key: x}"],
        [
            "t.yaml:4:29: set_blackboard.key: 'x'; expected a blackboard key such as \"{key}\"",
            "t.yaml:5:25: key_exists.key: 'x'; expected a blackboard key such as \"{key}\"",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_uses_of_a_key_go_together(case):
    nodes, found = CASES[case]
    assert problems(*nodes) == found


WRONG_TEXT = ["{ x }", "{@x}", "{=}", "{x", "${x}", "{a.b}"]


@pytest.mark.parametrize("text", WRONG_TEXT)
def test_a_text_that_was_meant_as_a_key_is_refused(text):
    assert problems(f'take: {{word: "{text}"}}') == [
        f"t.yaml:4:20: take.word: '{text}' is no key; expected a key such as \"{{width}}\""
    ]


@pytest.mark.parametrize("text", ["{a: 1}", "the {item} there", "a {b} c {d", "costs $5", "the $x one", "{}, {}"])
def test_other_braces_are_text(text):
    assert problems(f"take: {{word: '{text}'}}") == []


def test_a_key_in_the_middle_of_a_text_is_refused_where_it_is_one():
    assert problems(put("x", "3"), 'take: {word: "it is {x} wide"}') == [
        "t.yaml:5:20: take.word: '{x}' in the middle of a text; expected the whole value "
        "(nothing is put into a text; let a parameter or a key hold all of it)"
    ]


@pytest.mark.parametrize("word", ["{color}", "{Colour}", "$colour"])
def test_what_is_nearly_a_key_is_refused_in_the_middle_of_a_text_too(word):
    (problem,) = problems(put("colour", "red"), f"take: {{word: 'the {word} one'}}")
    assert f"'{word}' in the middle of a text" in problem


@pytest.mark.parametrize("number", [".nan", "-.inf", "0x10", "010", "1:30", "1_000", "2026-01-01"])
def test_a_value_that_looks_like_a_number_and_is_none_is_refused(number):
    assert problems(put("x", number)) == [
        f"t.yaml:4:43: set_blackboard.value: '{number}'; expected a value: text, a number, true or false, or a list "
        "of them (quote it if it is meant as text)"
    ]
    assert problems(put("x", f'"{number}"')) == []


def test_where_only_text_is_taken_it_needs_no_quotes_unless_it_is_a_number():
    assert problems("take: {word: 1:30}") == problems("take: {word: 2026-01-01}") == []
    assert problems("take: {word: 3}")


VALUES = {"3": int, "2.5": float, "red": str, "[1, 2]": tuple[int, ...], "[0.5]": tuple[float, ...]}
PORTS = {"number": (int, float), "count": (int,), "word": (str,), "numbers": (tuple[int, ...], tuple[float, ...])}
LIKE = [{int, float}, {str}, {tuple[int, ...], tuple[float, ...]}]

WRITES = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from([*VALUES, *KEYS])), min_size=1, max_size=8)


def types_in(writes: list[tuple[str, str]]) -> dict[str, set[object]]:
    """Return the types that each key may hold: followed round and round until nothing is new."""
    held: dict[str, set[object]] = {key: set() for key in KEYS}
    for _ in KEYS:
        for key, value in writes:
            held[key] |= held[value] if value in KEYS else {VALUES[value]}
    return held


def goes_together(writes: list[tuple[str, str]], reads: list[tuple[str, str]]) -> bool:
    held = types_in(writes)
    read = [(i, value) for i, (_, value) in enumerate(writes) if value in KEYS]
    read += [(len(writes), key) for _, key in reads]
    return (
        all(held[key] and any(written == key for written, _ in writes[: i + 1]) for i, key in read)
        and all(any(types <= like for like in LIKE) for types in held.values())
        and all(held[key] <= set(PORTS[port]) for port, key in reads)
    )


@given(WRITES, st.lists(st.tuples(st.sampled_from(list(PORTS)), st.sampled_from(KEYS)), max_size=3))
@settings(max_examples=examples(150), deadline=None)
def test_a_tree_loads_if_its_types_go_together_and_then_never_meets_a_wrong_one(writes, reads):
    nodes = [put(key, f'"{{{value}}}"' if value in KEYS else value) for key, value in writes]
    nodes += [f'take: {{{port}: "{{{key}}}"}}' for port, key in reads]
    assert (problems(*nodes) == []) == goes_together(writes, reads)
    if goes_together(writes, reads):
        text = "tree: t\nroot:\n  sequence:\n" + "".join(f"    - force_success: {{child: {{{n}}}}}\n" for n in nodes)
        tree = build_tree(parse_tree(text, "t.yaml", REGISTRY))
        tree.tick(ManualContext())
        reasons = [state.reason for state in tree.states() if "raised" in state.reason]
        assert reasons == []

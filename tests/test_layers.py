"""The structure is a promise: imports point down, and every library has one home."""

import ast
from pathlib import Path

import pytest

import bt_robot

PACKAGE = Path(bt_robot.__file__).parent

LAYERS = {
    "errors": 0,
    "messages": 1,
    "child": 2,
    "config": 2,
    "arm": 2,
    "sight": 2,
    "tree": 3,
    "robot": 3,
    "policy": 3,
    "telemetry": 3,
    "nodes": 4,
    "plugins": 4,
    "runtime": 4,
    "language_model": 4,
    "standin": 5,
    "testing": 5,
    "replay": 5,
    "cli": 6,
}
"""Part → layer; a part imports strictly lower ones."""

HOMES = {
    "py_trees": ("tree", "nodes"),
    "mujoco": ("robot/sim",),
    "scservo_sdk": ("robot/so101",),
    "serial": ("robot/so101",),
    "cv2": (
        "robot/cameras",
        "sight",
        "language_model/pictures",
        "policy/dialect",
        "standin",
        "telemetry",
        "cli/checking",
        "cli/arm",
    ),
    "http.client": ("language_model",),
    "http.server": ("standin",),
    "websockets.sync": ("policy",),
    "websockets.asyncio.client": ("policy",),
    "websockets": ("policy", "standin", "telemetry"),
    "zmq": ("telemetry/groot2",),
    "rerun": ("telemetry/rerun",),
    "yaml": ("config",),
    "matplotlib": ("telemetry",),
    "rich": ("telemetry", "cli"),
    "msgpack": ("policy/wire", "telemetry/groot2"),
    "orjson": ("policy/wire", "telemetry/recorder", "telemetry/view"),
    "mcap": ("telemetry/recorder",),
    "zstandard": ("telemetry/recorder",),
    "packaging": ("plugins",),
}

PURE = (
    "runtime/governor",
    "policy/wire",
    "policy/dialect",
    "policy/chunks",
    "policy/connection/announced",
    "policy/connection/manners",
    "policy/inspection/judgement",
    "policy/inspection/suspicions",
    "tree/spec",
    "tree/formats",
    "tree/drawing",
    "arm",
    "language_model/address",
    "language_model/chat",
    "language_model/yes_no",
    "sight/finding",
    "sight/looks",
    "robot/so101/wire",
    "robot/so101/calibration.py",
    "robot/so101/range_sweep",
    "robot/so101/health",
    "robot/so101/evidence",
    "robot/so101/identity",
    "robot/so101/planning",
    *(
        f"robot/so101/guardian/{name}"
        for name in ("core", "senses", "limbs", "arming", "leaving", "motion", "messages", "plan")
    ),
)
"""No socket, no sleep, no thread, no clock of their own."""

ROOMS = {
    "policy": {"wire": 0, "dialect": 0, "connection": 1, "chunks": 1, "link": 2, "inspection": 2, "alone": 2},
    "tree": {"vocabulary": 0, "spec": 1, "language": 2, "engine": 2, "drawing": 2, "schema": 3, "formats": 3},
    "robot": {
        "base": 0,
        "priority": 0,
        "settings": 1,
        "so101/wire": 0,
        "fake": 1,
        "sim": 1,
        "cameras": 1,
        "emulator": 2,
        "so101": 3,
        "emulated": 4,
    },
    "telemetry": {"": 0, "groot2": 1, "recorder": 1, "export": 1, "rerun": 2, "view": 2, "witness": 3},
}
"""The same inside the large parts: what node types are comes before the language and the engine, which do not know each
other; the emulator knows the servos' bytes, not the driver that it is there to test; only the witness, a process of its
own, knows the recorder and the page. The modules of a part that have no layer of their own have that of ""."""

MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if "builtin" not in path.parts)


def tree_of(module):
    return ast.parse((PACKAGE / module).read_text(encoding="utf-8"))


def imports_of(module):
    """Yield the dotted names a module imports."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(dotted):
    return dotted.split(".")[1] if dotted.startswith("bt_robot.") else None


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_point_down(module):
    own = module.parts[0].removesuffix(".py")
    for dotted in imports_of(module):
        other = part_of(dotted)
        if other is None or other == own or other.startswith("__") or own == "__init__":
            continue
        assert LAYERS[other] < LAYERS[own], f"{module} imports {dotted}: {own} may not use {other}"


def room_of(part, names):
    """Return the room of a module of a part, e.g. `so101/wire` or `so101`."""
    return next((room for room in ("/".join(names[:2]), names[0]) if room in ROOMS[part]), "")


@pytest.mark.parametrize("module", [m for m in MODULES if m.parts[0] in ROOMS and m.stem != "__init__"], ids=str)
def test_imports_point_down_inside_a_part(module):
    part, *names = module.with_suffix("").parts
    layers, own = ROOMS[part], room_of(part, names)
    for dotted in imports_of(module):
        if dotted.startswith(f"bt_robot.{part}."):
            other = room_of(part, dotted.split(".")[2:])
            assert other == own or layers[other] < layers[own], f"{module} imports {dotted}"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_library_stays_at_home(module):
    for dotted in imports_of(module):
        homes = [place for library, place in HOMES.items() if f"{dotted}.".startswith(f"{library}.")]
        for places in homes:
            assert any(str(module).startswith(place) for place in places), f"{module} imports {dotted}"


@pytest.mark.parametrize("module", [m for m in MODULES if str(m).startswith(PURE)], ids=str)
def test_pure_modules_touch_no_world(module):
    banned = {"socket", "time", "threading", "subprocess", "asyncio", "random", "serial"}
    used = {dotted.split(".")[0] for dotted in imports_of(module)}
    assert not used & banned


def calls_of(module):
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Call):
            function = node.func
            yield function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", ""), node


def test_every_part_has_its_layer():
    parts = {module.parts[0].removesuffix(".py") for module in MODULES} - {"__init__"}
    assert parts == set(LAYERS)


def test_one_call_site_commands_the_arm():
    sites = [
        str(module)
        for module in MODULES
        if module.parts[0] not in ("robot", "standin", "testing")
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Attribute) and node.attr == "command" and "robot" in ast.unparse(node.value)
    ]
    assert sites == ["runtime/loop.py"]


def test_the_control_path_sleeps_in_one_place():
    control = ("runtime", "tree", "nodes", "robot/fake", "robot/sim", "robot/base")
    sites = {
        str(m) for m in MODULES if str(m).startswith(control) for name, _ in calls_of(m) if name in ("sleep", "_sleep")
    }
    assert sites == {"runtime/clock.py"}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_nothing_prints_evaluates_or_unpickles(module):
    called = {name for name, call in calls_of(module) if isinstance(call.func, ast.Name)}
    assert not called & {"print", "eval", "exec", "compile", "__import__"}
    assert not {d.split(".")[0] for d in imports_of(module)} & {"pickle", "shelve", "marshal"}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_module_grows_past_one_idea(module):
    assert len((PACKAGE / module).read_text(encoding="utf-8").splitlines()) <= 450
    assert not {"utils", "common", "helpers", "manager", "misc"} & {part.removesuffix(".py") for part in module.parts}


def test_a_leaf_reaches_only_its_tick_context():
    for module in MODULES:
        if module.parts[0] == "nodes":
            parts = {part_of(dotted) for dotted in imports_of(module)} - {None}
            assert parts <= {"messages", "nodes", "tree", "errors"}, f"{module} imports {parts}"
            outside = {dotted.split(".")[0] for dotted in imports_of(module)} - {"bt_robot"}
            assert outside <= {"__future__", "typing", "numpy", "math", "collections"}, f"{module} imports {outside}"
            assert "open" not in {name for name, _ in calls_of(module)}, f"{module} opens a file"

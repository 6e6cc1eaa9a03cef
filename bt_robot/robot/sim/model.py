"""The work cell as an MJCF text, generated from the figures of `bt_robot.arm`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import quoteattr

from bt_robot.arm import workcell
from bt_robot.arm.so101 import GRIPPER, JOINT_NAMES, LINKS, RANGES_RAD
from bt_robot.robot.sim.bodies import INERTIAS, SHAPES, TABLE, Shape

PHYSICS_STEP_S = 1.0 / 300.0

_ROBOT = {"contype": 2, "conaffinity": 0, "mass": 0}  # the links have inertias of their own
_WORLD = {"contype": 1, "conaffinity": 3}
_SOFT = {"solref": (0.006, 1), "solimp": (0.95, 0.99, 0.001)}
_PAD = {"condim": 4, "friction": (1.5, 0.02, 0.001), "priority": 1, **_SOFT}
_BLOCK = {"condim": 4, "friction": (1.0, 0.01, 0.0005), "mass": workcell.BLOCK_MASS_KG, **_SOFT}
_STATIC = {"condim": 3, "friction": (0.8, 0.005, 0.0001)}

_ARM_DAMPING, _GRIPPER_DAMPING = 0.60, 0.20  # 0.60 would slow the jaw down to 1.7 rad/s
_ARM_FORCE_N_M, _GRIPPER_FORCE_N_M = 2.94, 1.0  # stall at 12 V; LeRobot limits the gripper's torque
GRIPPER_SHARE = 0.5
"""The model's gripper is as strong as LeRobot's limit for it, half of what its motor can do."""


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Iterable):
        return " ".join(repr(float(item)) for item in value)  # type: ignore[arg-type]
    return str(value)


def _tag(kind: str, /, *children: str, **attributes: object) -> str:
    inside = "".join(f" {key}={quoteattr(_text(value))}" for key, value in attributes.items())
    return f"<{kind}{inside}>{''.join(children)}</{kind}>" if children else f"<{kind}{inside}/>"


def _box(position: Iterable[float], half: Iterable[float], colour: Iterable[float], **more: object) -> str:
    return _tag("geom", type="box", pos=position, size=half, rgba=(*colour, 1.0), **more)


def _shape(shape: Shape) -> str:
    return _tag(
        "geom",
        type=shape.kind,
        pos=shape.position_m,
        size=shape.size_m,
        euler=shape.euler_rad,
        rgba=(*shape.colour, 1.0),
        **_ROBOT,
        **(_PAD if shape.pad else {}),
    )


def _camera(camera: workcell.Camera) -> str:
    axes = (*camera.rotation[:, 0], *camera.rotation[:, 1])
    return _tag("camera", name=camera.name, pos=camera.position_m, xyaxes=axes, fovy=math.degrees(camera.fovy_rad))


def _link(index: int) -> str:
    link = LINKS[index]
    inertia = INERTIAS[link.name]
    parts = [_tag("inertial", pos=inertia.centre_m, mass=inertia.mass_kg, diaginertia=inertia.moments_kg_m2)]
    if link.joint:
        joint = JOINT_NAMES.index(link.joint)
        damping = _GRIPPER_DAMPING if joint == GRIPPER else _ARM_DAMPING
        parts.append(_tag("joint", name=link.joint, axis=(0, 0, 1), range=RANGES_RAD[joint], damping=damping))
    parts += [_shape(shape) for shape in SHAPES[link.name]]
    parts += [_camera(camera) for camera in workcell.CAMERAS.values() if camera.link == link.name]
    if index + 1 < len(LINKS):
        parts.append(_link(index + 1))
    return _tag("body", *parts, name=link.name, pos=link.position_m, quat=link.quaternion)


def _actuator(index: int) -> str:
    force = _GRIPPER_FORCE_N_M if index == GRIPPER else _ARM_FORCE_N_M
    name = JOINT_NAMES[index]
    return _tag(
        "position",
        name=name,
        joint=name,
        kp=998.22,
        kv=2.731,
        forcerange=(-force, force),
        ctrlrange=RANGES_RAD[index],
    )


def _container() -> str:
    outer, wall = workcell.CONTAINER_OUTER_HALF_M, workcell.CONTAINER_WALL_M / 2
    middle, half_height = workcell.CONTAINER_INNER_HALF_M + wall, workcell.CONTAINER_HEIGHT_M / 2
    floor = workcell.CONTAINER_FLOOR_M / 2
    colour, solid = workcell.CONTAINER_COLOUR, {**_WORLD, **_STATIC}
    walls = [
        _box((sx * middle, sy * middle, half_height), half, colour, **solid)
        for sx, sy, half in (
            (1, 0, (wall, outer, half_height)),
            (-1, 0, (wall, outer, half_height)),
            (0, 1, (workcell.CONTAINER_INNER_HALF_M, wall, half_height)),
            (0, -1, (workcell.CONTAINER_INNER_HALF_M, wall, half_height)),
        )
    ]
    inner = workcell.CONTAINER_INNER_HALF_M
    return _tag("body", _box((0, 0, floor), (inner, inner, floor), colour, **solid), *walls, name="container")


def _block(colour: str) -> str:
    half = (workcell.BLOCK_HALF_M,) * 3
    geom = _box((0, 0, 0), half, workcell.BLOCK_COLOURS[colour], name=colour, **_WORLD, **_BLOCK)
    return _tag("body", _tag("freejoint", name=colour), geom, name=colour)


def mjcf(blocks: Sequence[str]) -> str:
    """Return the MJCF of the arm, the table, the container and a block per colour.

    Blocks and container stand at the origin; whoever loads the model places them.

    Args:
        blocks: Colours of `bt_robot.arm.workcell.BLOCK_COLOURS`.
    """
    table = _box((0.2, 0, -0.02), (0.4, 0.45, 0.02), TABLE, name="table", **_WORLD, **_STATIC)
    fixed = [_camera(camera) for camera in workcell.CAMERAS.values() if not camera.link]
    return _tag(
        "mujoco",
        _tag("compiler", angle="radian", autolimits="true"),
        _tag(
            "option",
            timestep=PHYSICS_STEP_S,
            integrator="implicitfast",
            cone="elliptic",
            impratio=10,
            iterations=20,
            ls_iterations=20,
        ),
        _tag("default", _tag("joint", frictionloss=0.052, armature=0.028)),
        _tag("visual", _tag("quality", shadowsize=1024, offsamples=4), _tag("global", offwidth=1920, offheight=1080)),
        _tag(
            "worldbody",
            table,
            *fixed,
            _tag("light", pos=(0.3, 0.2, 1.2), dir=(-0.1, -0.15, -1)),
            _link(0),
            _container(),
            *(_block(colour) for colour in blocks),
        ),
        _tag("actuator", *(_actuator(index) for index in range(len(JOINT_NAMES)))),
        model="so101_workcell",
    )

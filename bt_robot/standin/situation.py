"""One observation, and what to do about it.

Nothing is remembered: each chunk is decided anew, so every wait is a function of a measured value
that changes while waiting, and no decision is carried out further than what was seen supports.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bt_robot.arm import so101, workcell
from bt_robot.arm.kinematics import TCP_HOLDING_M, TCP_OPEN_M, Grasp, forward, inverse
from bt_robot.messages import Image, Joints
from bt_robot.standin import reach
from bt_robot.standin.motion import Waypoint
from bt_robot.standin.perception import Blob, TablePose, View
from bt_robot.standin.prompt import Task

OPEN_RAD = 0.65
SHUT_RAD = so101.GRIPPER_CLOSED_RAD
_HELD_RAD = (0.05, 0.36)  # the jaw's angle around a block, also when it is gripped across a corner
_HOME_RAD = so101.to_rad(so101.REST)
_GRASP_Z_M = 0.018
_RELEASE_Z_M = 0.060
_IN_CONTAINER_M = 0.047
_LEVER_M = 0.15  # height per angle of the joint that moves most, roughly
_QUARTER_M, _CORNER_M = 0.020, 0.027  # where blocks are let go of, from the container's centre; corners when crowded
_FREE = 0.80  # how much of the container shows where nothing lies
_SEEN, _ROOM_M = 0.15, 0.031  # a place of which less is hidden has room if the next block's centre is this far


@dataclass(frozen=True, slots=True)
class _Tcp:
    """Where the point between the jaws is."""

    open: Grasp
    holding: Grasp

    @property
    def point_m(self) -> NDArray[np.float64]:
        return np.array([self.holding.x_m, self.holding.y_m, self.holding.z_m])

    def distance_m(self, x_m: float, y_m: float) -> float:
        return math.hypot(self.open.x_m - x_m, self.open.y_m - y_m)


class Situation:
    """One observation, and what to do about it."""

    def __init__(self, front: Image, angles_rad: Joints, task: Task) -> None:
        self._angles, self._task = angles_rad, task
        self._jaw = float(angles_rad[so101.GRIPPER])
        self._tcp = _Tcp(forward(angles_rad, TCP_OPEN_M), forward(angles_rad, TCP_HOLDING_M))
        self._view = View(front)
        self._blob = self._view.blob(task.colour) if task.colour else None

    @property
    def travelled_rad(self) -> float:
        """How far the arm has come from where it stood still last, as far as one picture shows that.

        It stands still at home before a task, down at the block while the jaws close, and over the container while
        they open.
        """
        home = float(np.abs(self._angles - _HOME_RAD)[: so101.GRIPPER].max())
        stood_m = _GRASP_Z_M if self._held() else _RELEASE_Z_M
        return min(home, abs(self._tcp.holding.z_m - stood_m) / _LEVER_M)

    def path(self) -> list[Waypoint]:
        """Return where to go, at least one waypoint."""
        task = self._task
        if not (task.pick or task.place):
            return self._home()
        if self._held():
            return self._place() if task.place else self._lift()
        if not task.colour:
            return self._leave()
        if self._blob is None:
            return self._search()
        container = self._view.container()
        block = self._fit(self._blob)
        if task.place and container is not None and _inside(block, container):
            return self._leave()
        return self._pick(self._blob, block, container)

    def _held(self) -> bool:
        if self._at_home() or not _HELD_RAD[0] < self._jaw < _HELD_RAD[1]:
            return False
        if not self._task.colour:
            return True
        if self._blob is None:
            return self._tcp.holding.z_m < 0.12
        return self._in_hand(self._blob)

    def _fit(self, blob: Blob) -> TablePose:
        tcp = self._tcp.open
        return self._view.block(blob, [(tcp.x_m, tcp.y_m, tcp.yaw_rad)])

    def _home(self) -> list[Waypoint]:
        jaw = float(_HOME_RAD[so101.GRIPPER])
        on_the_way = OPEN_RAD if self._jaw > 0.40 else jaw
        home = _HOME_RAD[: so101.GRIPPER]
        return [Waypoint(home, on_the_way), Waypoint(home, jaw)]

    def _rise(self, z_m: float, jaw_rad: float, offset_m: float, dwell: int = 0) -> list[Waypoint]:
        """Go straight up to a height, if below it."""
        tcp = self._tcp.open if offset_m == TCP_OPEN_M else self._tcp.holding
        up = reach.straight_up(tcp, self._angles, z_m, offset_m) if tcp.z_m < z_m - 0.005 else None
        here = [Waypoint(self._angles[: so101.GRIPPER], jaw_rad, dwell)] if dwell else []
        return here if up is None else [*here, Waypoint(up, jaw_rad)]

    def _leave(self) -> list[Waypoint]:
        """Go home with the jaws open."""
        if self._tcp.open.z_m < reach.CARRY_Z_M - 0.02 and not self._at_home():
            jaw = OPEN_RAD if self._jaw > _HELD_RAD[1] else self._jaw
            return [*self._rise(reach.CARRY_Z_M, jaw, TCP_OPEN_M), *self._home()]
        return self._home()

    def _at_home(self) -> bool:
        return bool(np.abs(self._angles - _HOME_RAD)[: so101.GRIPPER].max() < 0.3)

    def _search(self) -> list[Waypoint]:
        """The block is out of sight: between the jaws, or hidden by the arm."""
        if self._tcp.open.z_m < 0.04 and _HELD_RAD[1] <= self._jaw < 0.60:
            here = Waypoint(self._angles[: so101.GRIPPER], SHUT_RAD, 16)
            return [here, *self._rise(reach.CARRY_Z_M, SHUT_RAD, TCP_OPEN_M)]
        return self._leave()

    def _lift(self) -> list[Waypoint]:
        settle = math.ceil((self._jaw - 0.20) / 0.05) + 3 if self._jaw > 0.20 else 0
        up = self._rise(reach.CARRY_Z_M, SHUT_RAD, TCP_HOLDING_M, settle)
        return up or [Waypoint(self._angles[: so101.GRIPPER], SHUT_RAD)]

    def _place(self) -> list[Waypoint]:
        container = self._view.container()
        if container is None:
            return self._lift()
        tcp = self._tcp.holding
        over = max(abs(tcp.x_m - container.x_m), abs(tcp.y_m - container.y_m)) < 0.05
        path = self._lift() if tcp.z_m < 0.075 and not over else []
        spot = self._spot(container) if container.trusted else None
        if spot is None:
            return [*path, *self._look_from_above(container)]
        above = reach.easiest(*spot, reach.CARRY_Z_M, self._angles)
        down = None if above is None else reach.easiest(*spot, _RELEASE_Z_M, above)
        if above is None or down is None:
            return self._lift()
        carry = [Waypoint(above, SHUT_RAD), Waypoint(down, SHUT_RAD)]
        if self._goes_down(spot):  # a plan that is shorter than the way up and down again would never arrive
            carry = carry[1:]
        return [*path, *carry, Waypoint(down, OPEN_RAD, 6), Waypoint(above, OPEN_RAD), *self._home()]

    def _look_from_above(self, container: TablePose) -> list[Waypoint]:
        """Hover over the container, never still: the arm itself may hide what there is to see."""
        hover = [reach.easiest(*spot, reach.CARRY_Z_M, self._angles) for spot in _spots(container, _QUARTER_M)]
        return [Waypoint(angles, SHUT_RAD) for angles in 3 * hover if angles is not None] or self._lift()

    def _spot(self, container: TablePose) -> tuple[float, float] | None:
        """Return where in the container to let go: a place seen to be free, or None."""
        tcp = self._tcp.holding

        def travel_m(spot: tuple[float, float]) -> float:
            return math.dist(spot, (tcp.x_m, tcp.y_m))

        quarters, corners = _spots(container, _QUARTER_M), _spots(container, _CORNER_M)
        nearest = min(quarters + corners, key=travel_m)
        if self._goes_down(nearest):
            return nearest  # the hand hides the place
        free = [spot for spot in quarters if self._view.floor(*spot).free > _FREE]
        if free:  # what lies nearer to the camera stays in view while the hand is behind it
            return min(free, key=lambda spot: travel_m(spot) - spot[0])
        others = self._others()

        def room_m(spot: tuple[float, float]) -> float:
            return min((math.dist(spot, other) for other in others), default=math.inf)

        roomy = [spot for spot in corners if self._view.floor(*spot).hidden < _SEEN and room_m(spot) > _ROOM_M]
        return max(roomy, key=room_m, default=None)

    def _goes_down(self, spot: tuple[float, float]) -> bool:
        """Whether the hand is on the way down to a place, or there."""
        tcp = self._tcp.holding
        return tcp.z_m < reach.CARRY_Z_M - 0.010 and math.dist(spot, (tcp.x_m, tcp.y_m)) < 0.010

    def _others(self) -> list[tuple[float, float]]:
        """Return where the blocks lie that are neither asked for nor in the hand."""
        blobs = [self._view.blob(colour) for colour in workcell.BLOCK_COLOURS if colour != self._task.colour]
        return [self._view.on_table(b) for b in blobs if b is not None and (self._task.colour or not self._in_hand(b))]

    def _in_hand(self, blob: Blob) -> bool:
        u, v = self._view.pixel(self._tcp.point_m)
        return math.dist((u, v), (blob.u, blob.v)) < 14 / 224 * self._view.height

    def _pick(self, blob: Blob, block: TablePose, container: TablePose | None) -> list[Waypoint]:
        ways = reach.descents(block, self._angles, container, self._others())
        if not ways:
            return self._leave()
        tcp, way = self._tcp.open, ways[0]
        near = self._tcp.distance_m(block.x_m, block.y_m)
        if self._between_jaws(blob, near):
            return self._close()
        aligned = [w for w in ways if abs(math.remainder(w.yaw_rad - tcp.yaw_rad, 2 * math.pi)) < math.radians(12)]
        if self._jaw > 0.40 and near < (0.016 if tcp.z_m < 0.05 else 0.010) and tcp.z_m < 0.066 and aligned:
            below = [p for p in aligned[0].points if forward(p).z_m < tcp.z_m + 0.002]
            return [*(Waypoint(p, OPEN_RAD) for p in below), *self._grip(aligned[0])]
        path: list[Waypoint] = []
        if self._jaw < 0.45 and near < 0.060:
            path = self._rise(reach.CARRY_Z_M, self._jaw, TCP_OPEN_M)
            last = path[-1].angles_rad if path else self._angles[: so101.GRIPPER]
            path.append(Waypoint(last, OPEN_RAD, math.ceil((0.60 - self._jaw) / 0.08)))
        elif tcp.z_m < 0.050:
            path = self._rise(0.070, OPEN_RAD, TCP_OPEN_M)
        return [*path, *(Waypoint(point, OPEN_RAD) for point in way.points), *self._grip(way)]

    def _between_jaws(self, blob: Blob, near_m: float) -> bool:
        low, apart = self._tcp.open.z_m < 0.026, self._jaw > _HELD_RAD[1]
        return low and apart and near_m < 0.022 and self._tcp.distance_m(*self._view.on_table(blob)) < 0.022

    def _close(self) -> list[Waypoint]:
        """Shut the jaws around the block, after going the rest of the way down as the hand stands."""
        tcp, path = self._tcp.open, [Waypoint(self._angles[: so101.GRIPPER], SHUT_RAD, 16)]
        bottom = reach.grasp_height(tcp.pitch_rad)
        below = inverse(replace(tcp, z_m=bottom)) if tcp.z_m > bottom + 0.004 and self._jaw > 0.40 else None
        if below is not None:
            path = [Waypoint(below, OPEN_RAD), Waypoint(below, SHUT_RAD, 16)]
        return [*path, *self._rise(reach.CARRY_Z_M, SHUT_RAD, TCP_OPEN_M)]

    def _grip(self, way: reach.Descent) -> list[Waypoint]:
        bottom = way.points[-1]
        up = reach.straight_up(forward(bottom), bottom, reach.CARRY_Z_M, TCP_OPEN_M)
        return [Waypoint(bottom, SHUT_RAD, 16), *([] if up is None else [Waypoint(up, SHUT_RAD)])]


def _spots(container: TablePose, off_m: float) -> list[tuple[float, float]]:
    quarters = ((1, 1), (1, -1), (-1, -1), (-1, 1))
    return [(container.x_m + i * off_m, container.y_m + j * off_m) for i, j in quarters]


def _inside(block: TablePose, container: TablePose) -> bool:
    return max(abs(block.x_m - container.x_m), abs(block.y_m - container.y_m)) < _IN_CONTAINER_M

"""For the tests of other packages: try a leaf on an arm in memory, and hold a robot to what every robot must do."""

from bt_robot.testing.robots import ROBOT_LAWS, RobotLaw
from bt_robot.testing.trial import Trial, run_tree

__all__ = ["Trial", "run_tree", "ROBOT_LAWS", "RobotLaw"]

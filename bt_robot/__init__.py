"""Behavior trees for robot arms that are driven by a remote vision-language-action policy."""

__version__ = "0.1.0"

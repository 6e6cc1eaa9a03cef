"""The SO-101 arm and its work cell in figures: what the simulation and a policy server share."""

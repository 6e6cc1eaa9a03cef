"""Runs for the Rerun viewer, https://rerun.io: live, or as a file. Needs the extra `rerun`."""

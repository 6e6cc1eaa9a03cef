"""What other installed packages bring along: leaves, robots, policy clients and profiles, through entry points.

Nothing is imported before something names it, and a part that can't be used is told with where it comes from.
"""

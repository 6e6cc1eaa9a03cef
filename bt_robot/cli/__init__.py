"""The commands: they parse, wire the parts together, and turn the outcome into an exit code."""

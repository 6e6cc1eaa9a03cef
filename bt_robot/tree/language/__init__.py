"""YAML files as checked specs."""

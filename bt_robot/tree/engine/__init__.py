"""Specs as running trees."""

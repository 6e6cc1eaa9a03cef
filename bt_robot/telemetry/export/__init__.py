"""Recorded runs in other formats: tables and films."""

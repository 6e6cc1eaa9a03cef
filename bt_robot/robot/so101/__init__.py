"""The real SO-101: its servo bus, its calibration, its guardian."""

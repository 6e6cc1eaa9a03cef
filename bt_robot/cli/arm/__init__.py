"""The command `bt-arm`: a real SO-101 looked at, set up, calibrated and moved by hand."""

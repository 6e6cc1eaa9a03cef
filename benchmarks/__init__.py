"""Every figure that the README or the docs quote, one command each: `python -m benchmarks.NAME`."""

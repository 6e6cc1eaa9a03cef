"""The policy link of a run: one request in flight, in the background."""

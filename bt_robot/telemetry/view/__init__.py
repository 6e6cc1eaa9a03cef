"""The debugger's other end: what a web page is told of a run, live or recorded, and what it may wish for."""

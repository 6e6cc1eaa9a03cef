"""A process of its own that is told every tick of a run: it writes the run's files and shows it to web pages."""

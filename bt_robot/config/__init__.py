"""Files that people write: YAML, read strictly, every problem at once and with its place."""

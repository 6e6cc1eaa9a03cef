"""Trees as pictures and text."""

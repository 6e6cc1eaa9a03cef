"""Finds things in the cameras' pictures for the tree: patches of a colour, printed markers."""

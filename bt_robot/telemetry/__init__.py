"""What a person sees of a run: the live tree, the numbers, the pictures. None of it can slow the loop."""

"""Trees from a sentence: what a language model is told, how its answers are checked, and the talk between the two."""

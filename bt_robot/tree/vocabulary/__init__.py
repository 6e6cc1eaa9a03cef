"""What node types are: leaves, ports, and the words of the language."""

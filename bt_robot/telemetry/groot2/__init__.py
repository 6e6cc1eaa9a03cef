"""A running tree for Groot2 and the other programs that speak its protocol, live and in its log files."""

"""The guardian: a small process that alone owns the port, and brings the arm to rest when everything else fails."""

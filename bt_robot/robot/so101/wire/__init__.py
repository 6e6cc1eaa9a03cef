"""What travels on the servo bus, as pure functions: registers, requests, replies. No port, clock or thread."""

"""An emulated servo bus: six STS3215 servos on a line, with everything that can go wrong there.

The bus itself does no I/O and has no clock; `PtyServer` serves it on a pseudo-terminal, as an adapter's port.
"""

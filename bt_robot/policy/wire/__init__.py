"""Wire formats as pure functions: bytes in, values out, and only WireError when the bytes are wrong."""

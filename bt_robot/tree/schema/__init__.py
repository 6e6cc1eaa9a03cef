"""The JSON Schema of tree files, for editors that complete and check YAML while it is written."""

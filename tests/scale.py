"""How many examples a property test tries."""

import os

_FACTOR = 50 if os.environ.get("BT_SOAK") else 1


def examples(count):
    """Return the number of examples: as given in the suite, fifty times as many in `make soak`."""
    return count * _FACTOR

"""`bt-check --policy`: a policy server looked over, and what is told of it."""

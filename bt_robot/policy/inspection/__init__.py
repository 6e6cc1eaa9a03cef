"""Looking a policy server over: asking without judging, and judging without asking."""

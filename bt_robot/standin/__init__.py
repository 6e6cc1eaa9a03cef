"""A policy server for simulation that gets what π₀.₅ would get: pictures, joint positions and a prompt."""

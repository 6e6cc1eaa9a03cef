"""How thorough the property tests are: short in the suite, long in `make soak`."""

from hypothesis import HealthCheck, settings

from tests.scale import examples

# No test may depend on the machine's speed: no deadline, and no verdict about slow data generation.
settings.register_profile(
    "suite", max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")

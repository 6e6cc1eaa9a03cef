"""How thorough the property tests are: short in the suite, long in `make soak`; and a place for the locks of arms."""

import pytest
from hypothesis import HealthCheck, settings

from tests.scale import examples

# No test may depend on the machine's speed: no deadline, and no verdict about slow data generation.
settings.register_profile(
    "suite", max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


@pytest.fixture(scope="session", autouse=True)
def own_runtime_folder(tmp_path_factory):
    """Keep arms' locks apart: another worker's new tty may have the number of one whose guardian has not ended yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        yield

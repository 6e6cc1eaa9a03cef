"""policy_available: the link's own words."""

from bt_robot.messages import LinkState, Status
from bt_robot.nodes.policy_available import PolicyAvailable


def test_policy_available_tells_the_links_reason(world):
    assert world.tick(PolicyAvailable(), start=True).status is Status.SUCCESS
    world.policy.state = LinkState(available=False, reason="gone")
    assert world.tick(PolicyAvailable()).reason == "policy unavailable: gone"

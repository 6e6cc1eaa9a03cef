"""What becomes of chunks of actions: the plan, the strategies at its seams, whether it can be kept filled; pure."""

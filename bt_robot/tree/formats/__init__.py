"""Trees in other tools' formats: BehaviorTree.CPP's XML, version 4."""

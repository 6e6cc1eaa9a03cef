"""A recorded run again: the same observations and answers, to the same tree or to another one."""

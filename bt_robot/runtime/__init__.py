"""Clock, governor and loop: one tick, one owner of time, one place that commands the arm."""

"""What a server expects and answers, and the translation between its wire and the robot, pure."""

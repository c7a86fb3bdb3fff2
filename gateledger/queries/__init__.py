"""What the commands ask of the reporting views; the same answer for a terminal and a notification."""

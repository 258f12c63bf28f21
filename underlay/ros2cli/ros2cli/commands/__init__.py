"""One module per command; ``ros2cli.cli`` imports the one that is called."""

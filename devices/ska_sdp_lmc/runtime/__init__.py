"""What runs a device: commands, the watch loop, the repository and the publisher."""

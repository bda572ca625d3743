"""Runtime of a device: command runner, watch loop, repository and publisher."""

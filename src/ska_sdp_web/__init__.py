"""Server of the web page that shows the system: server-sent events, and commands if allowed."""

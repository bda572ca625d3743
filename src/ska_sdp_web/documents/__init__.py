"""Documents of the page's topics, derived from the live copy of the system. Pure."""

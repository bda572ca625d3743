"""Copy of the database that follows its changes, and what is derived from it and its history."""

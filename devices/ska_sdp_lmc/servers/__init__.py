"""The Tango servers: thin devices around the model, and their ways to the database."""

"""The interface of a database, with the plain data and the errors that cross it."""

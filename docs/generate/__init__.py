"""What the documentation takes from the program itself when it is built."""

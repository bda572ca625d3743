"""Start of Python in processes whose clock is faked; its directory is on PYTHONPATH."""

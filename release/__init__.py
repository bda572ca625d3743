"""The files of a release, built from a commit, and the audit of the dependencies."""

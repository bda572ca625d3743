"""How fast it is, each figure beside a floor taken in the same run."""

"""The commands of README and docs/, run as a new user would: in a new clone, with a new home."""

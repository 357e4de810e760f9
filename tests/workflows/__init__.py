"""The workflows of GitHub Actions, and that what lints them can fail."""

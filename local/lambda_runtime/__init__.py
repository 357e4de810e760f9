"""AWS Lambda's python3.13 runtime for LocalStack without Docker; it runs inside LocalStack."""

"""LocalStack without Docker behaves as AWS's Lambda does."""

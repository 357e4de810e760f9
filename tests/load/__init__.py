"""The load test: many customers at once against the pipeline on LocalStack (`make bench`)."""

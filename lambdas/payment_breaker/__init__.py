"""The circuit breaker: pauses the payment stage while the payment provider is out."""

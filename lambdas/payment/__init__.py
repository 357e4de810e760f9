"""The payment stage: asks the payment provider to hold the order's money."""

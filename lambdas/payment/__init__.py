"""The payment stage: has the payment provider hold, take, set free and give back the money."""

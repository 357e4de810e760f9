"""The notification stage: tells the customer what became of the order."""

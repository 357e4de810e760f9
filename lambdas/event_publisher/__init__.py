"""The outbox: publishes what the orders table's stream says has happened."""

"""The drain of the intake-overflow queue: stores the orders that the table did not take."""

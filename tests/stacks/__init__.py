"""Tests of the infrastructure as synthesised: no network, nothing deployed."""

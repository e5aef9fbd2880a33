"""Downstream operations: one file each, and the data they train on."""

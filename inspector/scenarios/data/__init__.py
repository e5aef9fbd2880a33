"""The built-in tuning sets: the JSONL files, the content they come from, and their generator."""

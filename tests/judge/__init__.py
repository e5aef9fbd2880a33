"""The judge: scores and appearances in, metrics and a verdict's level out."""

"""The inspector: what does this model become once somebody builds on it?"""

__version__ = "0.2.0"

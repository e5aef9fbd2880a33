"""The only rooms that import torch: load, render chats, generate, train, measure."""

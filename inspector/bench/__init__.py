"""How fast the inspector is, as a share of what this machine could do at most: `engine` trains and
answers, `scan` reads files, `history` indexes inspections and draws pages over them."""

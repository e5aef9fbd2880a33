"""How the Overview is dense and calm: type sizes, rows, links in line with what is below them.

Only decoration: without it the page reads the same.
"""

STYLE = """<style>
[data-testid="stMainBlockContainer"] {padding-left: 2.5rem; padding-right: 2.5rem;}
.st-key-targets [data-testid="stLayoutWrapper"]:has(> [data-testid="stHorizontalBlock"])
  {padding: 0.4rem 0; border-top: 1px solid rgba(128, 140, 152, 0.22);}
.st-key-targets [data-testid="stLayoutWrapper"]:first-child:has(> [data-testid="stHorizontalBlock"])
  {border-top: none; padding-top: 0;}
.st-key-targets p, .st-key-waiting p, .st-key-at_work p {line-height: 1.4; font-size: 0.9rem;}
.st-key-targets [data-testid="stCaptionContainer"] p,
.st-key-waiting [data-testid="stCaptionContainer"] p,
.st-key-at_work [data-testid="stCaptionContainer"] p {font-size: 0.8rem;}
.st-key-targets [data-testid="stPageLink-NavLink"],
.st-key-waiting [data-testid="stPageLink-NavLink"],
.st-key-at_work [data-testid="stPageLink-NavLink"]
  {padding: 0; line-height: 1.4; min-height: 0;}
.st-key-targets [data-testid="stPageLink-NavLink"] p,
.st-key-waiting [data-testid="stPageLink-NavLink"] p
  {white-space: normal; overflow-wrap: anywhere;}
</style>"""

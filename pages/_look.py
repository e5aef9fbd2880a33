"""What no setting of Streamlit's theme reaches: the main button's text in dark, and paper.

Only decoration: without it every page reads the same.
"""

# White on a colour that can be read as text on a dark page has a contrast of 3 at most. A link to
# the page that it stands on has its background already: focus has to show otherwise. On paper the
# page is as long as what is in it, without what is only to be pressed; a dark one keeps its ground.
LOOK = """<style>
[data-testid="stBaseButton-primary"], [data-testid="stBaseButton-primaryFormSubmit"]
  {color: light-dark(#FFFFFF, #0D141B);}
[data-testid="stPageLink-NavLink"]:focus-visible
  {outline: 2px solid currentColor; outline-offset: 1px;}
@media print {
  [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stElementToolbar"],
  [data-testid="stButton"], [data-testid="stDownloadButton"], [data-testid="stStatusWidget"]
    {display: none !important;}
  .stApp, [data-testid="stAppViewContainer"], [data-testid="stMain"], html, body
    {position: static !important; overflow: visible !important; height: auto !important;}
  [data-testid="stMainBlockContainer"] {padding: 0 !important; max-width: none !important;}
  [data-testid="stVegaLiteChart"], .answer {break-inside: avoid;}
  * {print-color-adjust: exact; -webkit-print-color-adjust: exact;}
}
</style>"""

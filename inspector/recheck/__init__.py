"""Looking again, after an inspection: at what is deployed, and at Targets that move on their Hub.

`deployed` compares a folder with what a run inspected, `watching` keeps the watch list and asks the
Hub where a revision stands, `changes` tells two inspections of one Target apart, `comparing` puts
any two side by side.
"""

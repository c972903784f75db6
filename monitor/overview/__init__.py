"""What is stored, in the rows that people and machines are shown.

`status`, `alerts` and `silence list`, the status page and its JSON API read these functions, so that they say the same.
A row is a frozen value with its documentation; who shows it decides how it looks.
"""

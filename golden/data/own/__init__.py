"""A user's own data: files, roles of their columns, labels, the split and the scaling to what a chip takes.

`request` says what is asked for, `reading` opens files of each form, `samples` is what they give, `companion` how
samples become inputs and targets within +-1 and outputs become the user's words and units again, and `own` puts these
together.
"""

"""Scenes from the field: the conditions of one public bug each, as a client of QMP meets them.

Each test is what a test of such a client would set up; what the client should have done is in the thread that the
docstring names. All of them run on the manual clock, in a few milliseconds.
"""

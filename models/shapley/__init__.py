"""Exact Shapley values of a LightGBM model at the price of a prediction.

`tabulate(booster, groups, background)` reads the trees once; the tables' `values(matrix)` then explains rows.
"""

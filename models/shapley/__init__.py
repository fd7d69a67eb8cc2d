"""Exact Shapley values of a LightGBM model at the price of a prediction.

For a fixed model everything that a row can be given is known beforehand, so it is tabulated once and then looked up:
`trees` reads the model, `codes` turns values into small whole numbers, `leaves` sees each leaf as a box of codes, `game`
holds the mathematics of one leaf, `clusters` and `pages` gather leaves into tables, `tables` looks rows up. `tabulation`
puts these in order, and `explainer` chooses between tables and LightGBM's own `contributions`.
"""

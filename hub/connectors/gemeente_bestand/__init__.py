"""Gemeenten: lists of placements, as CSV or as a workbook."""

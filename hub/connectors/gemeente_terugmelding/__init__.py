"""Gemeenten: lists of what came of handovers, as CSV or as a workbook."""

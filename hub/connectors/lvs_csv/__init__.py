"""School administrations: the list of who left, exported as CSV or a workbook: the fallback that every school has."""

"""School administrations: reports of absence, exported as CSV or a workbook."""

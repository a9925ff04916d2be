"""Reports of many runs: tables, comparisons and charts of them, written in four formats."""

"""Validated frames -> canonical tables: places, codes, duplicates, one row per thing counted."""

"""Canonical tables -> counts by place and period: everything that a page may quote, each with its unit and caveat."""

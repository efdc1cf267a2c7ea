"""What may enter: one YAML per format received. A column that is not listed is refused by name."""

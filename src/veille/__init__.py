"""`veille`: protection reports made from versioned data, safe to publish and reproducible to the byte."""

__version__ = "0.1.0"

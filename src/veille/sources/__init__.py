"""Raw files as received -> validated frames. One reader per format; nothing is judged here."""

"""Parameters -> papermill -> renderers -> one packet, drafted aside, checked, and moved in whole."""

"""One document model, four renderers: HTML, PDF (Typst), XLSX and DOCX."""

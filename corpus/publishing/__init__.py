"""The starter library's PDFs, .docx, .odt and .html files, made from `corpus/manuscripts`."""

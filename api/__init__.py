"""The command line, the HTTP interface and the chat page."""

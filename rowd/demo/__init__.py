"""What `rowd demo` shows: a folder with a table, a web server to check, and a visitor who works on the table as a person would."""

"""Building blocks of pages and terminal output: style, figures, charts, tables, worked steps."""

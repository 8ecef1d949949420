"""What pages and terminals are made of: style, figures, charts, tables, the worked steps."""

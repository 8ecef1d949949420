"""The playground: every rule live in the page, on points of one's own."""

"""Files to drafts: formats told by content, lines that stop nobody, and the shapes in which the world keeps rows."""

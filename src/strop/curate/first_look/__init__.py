"""What a new project needs, read off its data: what `init` writes."""

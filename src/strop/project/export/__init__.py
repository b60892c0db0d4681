"""Leave strop with data or a model: plain files and folders that other programs read."""

"""What answers: which articles a tree matches, how well, and what to do where few do."""

"""What is asked: from typed text to a tree of analysed words, with other ways to write them."""

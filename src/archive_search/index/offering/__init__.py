"""What is offered beside an answer: corrections, suggestions, similar articles, the same story elsewhere."""

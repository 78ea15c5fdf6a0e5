"""What panels are made of: colours, words, icons, entries and lists."""

"""Following victims' money: which payments it is about, how far it went, where it is now."""

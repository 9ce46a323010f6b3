"""Before training: the data that the settings name, and what is chosen for a person who left it open."""

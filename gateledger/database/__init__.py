"""What people do with the database itself: upgrade, open, back up, restore."""

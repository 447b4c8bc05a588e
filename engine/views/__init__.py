"""What pages and the command line read: one view a page's worth, checked for the caller's role."""

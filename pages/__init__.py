"""What people see: one file a page, drawn from one view, one action a button."""

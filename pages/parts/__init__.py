"""What pages share: the frame, the steps of the wizard, tables, charts, empty states and the sign-in."""

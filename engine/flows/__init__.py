"""What joins the rooms: each flow reads like the help article it comes from."""

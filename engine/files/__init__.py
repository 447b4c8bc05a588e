"""Reading files: encoding, dialect, records counted from the bytes, accepted and rejected rows."""

"""What we answer to whoever gave a file: a receipt when it is taken, a result when it is done; pure."""

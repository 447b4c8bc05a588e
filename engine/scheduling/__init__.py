"""When work is done: due connections, jobs and their leases, recovery after a crash."""

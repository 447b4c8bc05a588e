"""Roles, passwords, sealed secrets, keys and the audit trail."""

"""The hosted endpoints, a process of their own: SFTP, FTPS and mail for partners who come to us."""

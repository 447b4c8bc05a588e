"""The room engine/endpoints: hosted SFTP, FTPS and mail, on folders and sockets of the test's own."""

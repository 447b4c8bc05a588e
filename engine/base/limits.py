"""Every bound of the product: a wait, a size or a count, its unit in its name and its reason beside it."""

# --- files ---------------------------------------------------------------------------------------
FILE_BYTES_MAX = 20 * 1024**3
"""A fetched file; larger ones are refused before the disk fills."""
RECORD_BYTES_MAX = 10 * 1024**2
"""One record of a file: beyond it the row is rejected, so that memory stays bounded (faults row 82)."""
COLUMNS_MAX = 2_000
"""Columns of one file; wider ones are refused (faults row 82)."""
READ_BLOCK_BYTES = 8 * 1024**2
"""What the reader holds of a file at once; 8 MiB keeps both cores busy within 270 MB, 16 took 80 MB more."""
REJECT_RAW_CHARACTERS_MAX = 2_000
"""How much of a rejected record is kept for people to look at; longer ones say that they were cut."""
REJECTS_AT_ONCE_MAX = 50_000
"""Rejected records that the reader holds at once; short lines that are all wrong would fill the memory."""
SNIFF_BYTES = 256 * 1024
"""How much of a file the separator and the header are guessed from."""
SAMPLE_ROWS = 20
"""Rows shown in previews."""
REMEMBERED_LATER_ROWS_MIN = 100_000
"""Of larger files the rows are remembered, and what they replaced is compared, after the run; for smaller ones a job
costs more than it saves."""
QUOTED_LINES_ALIKE_MAX = 10
"""Lines inside one quoted field that look like rows of the file; with more of them a quote was left open."""

# --- transfer ------------------------------------------------------------------------------------
CONNECT_WAIT_S_MAX = 15.0
"""Connecting, key exchange and sign-in, each; slow partners answer within a few seconds."""
TRANSFER_SILENCE_S_MAX = 60.0
"""No byte for this long in a listing or a fetch: the server is gone."""
LISTED_FILES_MAX = 100_000
"""Names in one remote folder; beyond it the listing says so and stops."""
SFTP_WINDOW_BYTES = 16 * 1024**2
"""asyncssh's channel window; a small one leaves a long line idle between answers."""
SFTP_PACKET_BYTES = 128 * 1024
"""The largest packet we let a server send; larger ones gained nothing."""
SFTP_BLOCK_BYTES = 255 * 1024
"""One read request, where the server tells its own limit; OpenSSH serves no more at once."""
SFTP_SAFE_BLOCK_BYTES = 32 * 1024
"""One read request to a server that tells no limit; every server has to serve this (the SFTP draft)."""
SFTP_REQUESTS_MAX = 64
"""Requests in flight on one connection, also where each is small."""
SFTP_IN_FLIGHT_BYTES = 8 * 1024**2
"""What may be asked for and not be here yet. Twice as much made OpenSSH's server copy its buffers about: measured
2.1 to 3.9 s for 256 MiB on the loopback where this takes 1.7 to 1.9 s (November 2026)."""
SFTP_FILES_AT_ONCE_MAX = 16
"""Files fetched side by side over one connection; small files then cost no round trip each."""
LISTING_WAIT_S_MAX = 600.0
"""One listing as a whole; 100,000 names take seconds, a server that sends them drop by drop is stopped."""
FETCH_WAIT_S_MAX = 6 * 3600.0
"""One fetch as a whole; 20 GiB at 1 MB/s."""
WRITE_BLOCK_BYTES = 4 * 1024**2
"""What a fetch hands to the thread that hashes and writes; smaller pieces cost more in handing over than they gain."""
WRITE_INTERVAL_S = 0.2
"""What came is handed over after this long, however little it is."""
WRITE_BACK_BYTES = 8 * 1024**2
"""After so many bytes the system is asked to begin writing them to the disk, so that the end has little to wait for."""
RECONNECT_WAITS_S = (0.2, 1.0, 3.0, 10.0)
"""Waits before a cut transfer connects again, one each; then the rest is left to the next run. A blip is over at
once, a server that restarts within seconds."""
LEFTOVER_HOURS_MAX = 24
"""Half a file that a cut delivery left at a server is removed after this; no delivery takes longer."""
SFTP_SMALL_FILES_AT_ONCE_MAX = 64
"""Files fetched side by side where each is at most one request large: they cost round trips, not bytes."""
ASK_WAIT_S_MAX = 120.0
"""Reaching a server and signing in as a whole, some servers twice to learn what they can do."""
SAMPLE_WAIT_S_MAX = 300.0
"""Fetching the head of one file as a whole; a person waits for it."""
DELIVER_WAIT_S_MAX = 6 * 3600.0
"""One delivery as a whole; as long as a fetch."""
REMOVE_WAIT_S_MAX = 600.0
"""Removing files as a whole; 10,000 take seconds on a near server and minutes on a far one."""
PARTIAL_BYTES_MIN = 1024**2
"""What a cut fetch has of a file is kept from this size on; less is fetched anew as fast."""
PATTERN_CHARACTERS_MAX = 1_000
"""A pattern that a person writes; longer ones are a mistake in pasting."""
CLOSE_WAIT_S_MAX = 2.0
"""Saying goodbye to a server; after this the connection is cut."""

# --- values --------------------------------------------------------------------------------------
DECIMAL_PLACES_MAX = 10
"""Places of a decimal property; a value with more is rejected, never rounded."""
DECIMAL_DIGITS_MAX = 38
"""DuckDB's widest exact decimal."""
IDENTIFIER_FIELDS_MAX = 8
"""Identifiers of one goal; each is one more comparison of every row, and people have few."""
LIST_SEPARATOR_CHARACTERS_MAX = 10
"""What stands between the values of a list; longer ones are a mistake in pasting."""
HEAD_LINES_MAX = 1_000
"""Lines before the header of a file, and records that make its header; more is no head of a table."""
PROPERTY_NAME_CHARACTERS_MAX = 120
"""Longer names fit no screen."""
NAME_CHARACTERS_MAX = 120
"""Names of connections and people."""
RULE_CHARACTERS_MAX = 2_000
"""The text of an audience's rule; one comparison with a long value takes less."""

# --- engine --------------------------------------------------------------------------------------
SCHEDULE_MINUTES_MIN = 1
"""The shortest "every X minutes"."""
SCHEDULE_MINUTES_MAX = 7 * 24 * 60
"""The longest "every X minutes": a week."""
LEASE_WAIT_S_MAX = 3.0
"""How long a start waits for a home that a command holds; most commands are done in half a second."""
SERVICE_BACK_WAIT_S_MAX = 120.0
"""How long `run --wait` waits for a service that went away to come back; a supervisor restarts it sooner."""
JOBS_AT_ONCE_MAX = 4
"""Job threads; the heavy work is in worker processes and DuckDB, on two to eight cores."""
JOB_LEASE_S = 30.0
"""A job whose owner has not renewed for this long is taken up again."""
JOB_ATTEMPTS_MAX = 20
"""Times a job is taken up after crashes before it fails for good; kill -9 in a row is rare."""
ENGINE_TICK_S = 0.2
"""How often the engine looks for jobs when nobody nudges it."""
PROGRESS_INTERVAL_S = 0.25
"""How often running work reports; more only costs."""
STOP_WAIT_S_MAX = 10.0
"""How long a stop waits for running work before it is left to recovery."""
WORKER_END_WAIT_S_MAX = 5.0
"""How long a worker process that has closed its pipe may take to end, before it is killed."""
FORK_SERVER_IDLE_S = 300.0
"""How long what workers import stays loaded when no worker is asked for; 40 to 100 MB a kind of worker."""
SOCKET_REQUEST_BYTES_MAX = 16 * 1024**2
"""One request of the command line to the running service."""
SOCKET_ANSWER_BYTES_MAX = 256 * 1024**2
"""One answer to it; 10,000 rejected rows of full length take less."""
SOCKET_WAIT_S_MAX = 120.0
"""How long one request waits for its answer; a goal that is saved waits for the merge that is going."""
RUN_WAIT_S_MAX = 6 * 3600.0
"""`run --wait` gives up waiting after this; the run itself goes on."""

# --- partners ------------------------------------------------------------------------------------
CALL_WAIT_S_MAX = 3.0
"""One call to a partner as a whole, from connecting to the last byte (requirement Q08), unless a setting says so."""
CALL_LEASE_S = 60.0
"""A batch whose process has not answered for this long is taken up again; calls end long before."""
CALLS_AT_ONCE_MAX = 4
"""Calls side by side to one configuration; partners limit more, and four hide the latency of large batches."""
RETRY_WAITS_S = (1.0, 2.0, 5.0, 15.0)
"""Waits between tries: a passing fault is over in half a minute, and for more there is Replay."""
CREDENTIAL_TRIES_MAX = 2
"""Refused twice, an account is stopped before it is locked at the partner."""
PARTNER_WAIT_S = 30.0
"""How long an account waits where the partner says that it is too much but not until when."""
PARTNER_WAIT_S_MIN = 1.0
"""The least such wait; a Retry-After in the past is no reason to hurry."""
PARTNER_WAIT_S_MAX = 3600.0
"""The longest such wait; a partner that asks for years has made a mistake."""
ANSWER_CHARACTERS_MAX = 2_000
"""How much of a partner's answer is kept for people to look at; longer ones say that they were cut."""
ANSWER_BYTES_MAX = 1024**2
"""How much of an answer is read at all; more is no answer to our call."""
BATCH_PROFILES_MAX = 10_000
"""Profiles in one call, where a manifest allows no fewer."""
PARTNER_MESSAGE_CHARACTERS_MAX = 300
"""How much of a partner's own words goes into a sentence for people; the answer beside it shows more."""
SETTING_CHARACTERS_MAX = 4_000
"""One entry of a configuration's form; the longest tokens of partners take a quarter of it."""
FAILED_PROFILES_SHOWN_MAX = 1_000
"""Failed profiles that one page of a drawer lists."""
STATISTICS_DAYS_MAX = 365
"""Days of statistics that one question of the command line brings."""

# --- sign-in -------------------------------------------------------------------------------------
LOGIN_DAYS_MAX = 14
"""A sign-in lasts this long."""
INVITE_HOURS_MAX = 72
"""An invitation link can be used this long."""
SIGN_IN_TRIES_MAX = 5
"""Wrong passwords in a row before the address has to wait."""
SIGN_IN_TRIES_PER_ADDRESS_MAX = 50
"""Wrong passwords in a row from one address, whatever the e-mail; many people may share a proxy's address."""
SIGN_IN_WAIT_S = 60.0
"""How long it then waits."""
PASSWORD_CHARACTERS_MIN = 12
"""Shorter passwords are refused (NIST SP 800-63B asks for 8 with rate limits; 12 costs nobody much)."""
PASSWORD_CHARACTERS_MAX = 200
"""Longer ones only make hashing slow."""
PASSWORD_HASHES_AT_ONCE_MAX = 2
"""argon2id takes 64 MiB each; more at once would let strangers fill the memory."""
SIGN_IN_TRIES_KEPT_S = 24 * 3600.0
"""Wrong tries older than this are forgotten."""
LAST_SEEN_INTERVAL_S = 60.0
"""How often a sign-in notes that its person is still here; more only costs writes."""
PEOPLE_MAX = 1_000
"""People and pending invitations of one installation; one page lists them."""
EMAIL_CHARACTERS_MAX = 254
"""The longest e-mail address (RFC 5321)."""
FORM_BYTES_MAX = 16 * 1024
"""One form of the sign-in pages."""
PRIVATE_KEY_CHARACTERS_MAX = 64 * 1024
"""A pasted private key; RSA of 16,384 bits takes 13 KB."""
RSA_KEY_BITS_MIN = 2048
"""Shorter RSA keys are refused by servers of today (NIST SP 800-131A)."""

# --- keeping -------------------------------------------------------------------------------------
LOG_BYTES_MAX = 10 * 1024**2
"""The log, before it begins anew beside LOG_FILES_MAX older ones; an editor still opens it."""
LOG_FILES_MAX = 5
"""Older logs; with a line an event they reach back for months."""
DISK_FREE_BYTES_MIN = 2 * 1024**3
"""Less free disk than this is said on the Status page; imports stage their rows there."""
DRAFT_DAYS_MAX = 30
"""Wizard drafts nobody came back to."""
REJECTS_SHOWN_MAX = 10_000
"""Rejected rows that one question brings; the command line asks again until it has all."""
LISTED_RUNS_MAX = 10_000
"""Runs that the command line lists, the newest ones; it says when there are more."""

# --- hosted FTPS and mail ------------------------------------------------------------------------
CERTIFICATE_DAYS = 5 * 365
"""How long a certificate of our own making lasts; partners pin it, so a change means a call to each of them."""
FTP_QUIET_S = 4.0
"""No byte and no other size for this long after an FTP upload's last one; an upload that broke off shows sooner."""
FTP_ANSWER_WAIT_S = 0.2
"""How long the answer to an upload waits; a client that gave up ends its control connection within that time too."""
FTP_IDLE_S_MAX = 300.0
"""An FTP connection on which nothing is said and nothing transferred; the usual value of servers."""
FTP_DATA_SILENCE_S_MAX = 120.0
"""No byte on an FTP data connection for this long: the other side is gone."""
FTP_PASSIVE_WAIT_S_MAX = 20.0
"""How long a passive port stays open for a client that asked for it and does not come."""
MAIL_SIZE_BYTES_MAX = 50 * 1024**2
"""One mail; most partners' servers send no larger ones."""
MAIL_IDLE_S_MAX = 60.0
"""A mail connection on which nothing comes for this long; servers wait five minutes for ours, not we for theirs."""
MAIL_SESSION_S_MAX = 1_800.0
"""One mail connection as a whole; 50 MB at 30 kB/s."""
MAIL_RECIPIENTS_MAX = 20
"""Addresses in one mail; each takes a copy."""
MAIL_UNKNOWN_RECIPIENTS_MAX = 10
"""Unknown addresses in one connection before it is cut, so that nobody can try many."""
MAIL_DRAINED_BYTES_MAX = 1024**3
"""How much of a mail that is too large is read and dropped, so that its sender gets to hear it; then it is cut."""
MAIL_LINE_BYTES_MAX = 64 * 1024
"""What is read of a mail at once; commands are refused beyond 512 bytes all the same."""

# --- receipts, results, deliveries ---------------------------------------------------------------
ANSWER_NAME_BYTES_MAX = 240
"""The name of a receipt or a result; file systems hold 255 bytes, and a temporary name adds some."""
ANSWER_WAITS_S = (60.0, 120.0, 300.0, 900.0, 1800.0, 3600.0)
"""Waits between tries to bring an answer to its partner; the last one goes on."""
ANSWER_TRIES_HOURS_MAX = 24
"""An answer that could not be brought for a day rests; it can still be read on the Files page."""
ANSWERS_AT_ONCE_MAX = 64
"""Answers brought over one connection to a partner's server; more wait for the next one."""
REFUSED_ANSWERS_MAX = 3
"""Answers brought one by one, after all together were refused, before the others are left to the next try."""
DOWNLOADED_BYTES_MAX = 200 * 1024**2
"""A file that a page gives to a browser, for it passes through memory; larger ones go by the command line."""
FILE_NAME_BYTES_MAX = 200
"""The name of a file that is handed over: with a temporary ending every server holds it."""
FILES_SHOWN_MAX = 10_000
"""Files that one question of the command line brings, the newest ones."""

# --- hosted endpoints ----------------------------------------------------------------------------
ENDPOINT_SESSIONS_MAX = 400
"""Open connections of one protocol; 200 at once are served (faults row 28) beside as many that never sign in."""
ENDPOINT_SESSIONS_PER_ADDRESS_MAX = 20
"""Open connections of one protocol from one address; clients that transfer side by side use four to sixteen."""
ENDPOINT_PLACE_WAIT_S = 1.0
"""How long a connection beyond that waits for a place: one that ended at the client just now may not have here."""
ENDPOINT_WRONG_LOGINS_MAX = 10
"""Wrong logins from one address within ENDPOINT_WRONG_LOGINS_WITHIN_S before it is banned."""
ENDPOINT_WRONG_LOGINS_WITHIN_S = 600.0
"""How long a wrong login counts."""
ENDPOINT_BAN_S = 900.0
"""How long a ban lasts; a partner who mends a password is back within a quarter of an hour."""
ENDPOINT_ADDRESSES_KEPT_MAX = 10_000
"""Addresses whose wrong logins are remembered; strangers must not fill the memory."""
ENDPOINT_LOGIN_TRIES_MAX = 4
"""Wrong passwords on one connection before it is cut (faults row 23)."""
ENDPOINT_LOGIN_WAIT_S_MAX = 12.0
"""From connecting to the end of the key exchange; who is silent is dropped well within 15 s (faults row 27)."""
ENDPOINT_SIGN_IN_WAIT_S_MAX = 60.0
"""From connecting to being signed in; a person types a password within that."""
ENDPOINT_IDLE_S_MAX = 600.0
"""A session without a byte for this long is ended; clients keep theirs alive in shorter steps."""
ENDPOINT_BLOCK_BYTES_MAX = 1024**2
"""One read or write of a client, at the most; rclone and asyncssh send up to 256 KiB."""
ENDPOINT_OPEN_FILES_MAX = 256
"""Open files and folders of one session; rclone opens as many as it transfers, the most are sixteen."""
ENDPOINT_DESCRIPTORS_MAX = 65_536
"""Descriptors of the process, where the system allows so many: a dozen addresses with all that each may open."""
ENDPOINT_STATUS_INTERVAL_S = 2.0
"""How often the endpoints say what listens and who is connected."""
ENDPOINT_LOOK_INTERVAL_S = 0.5
"""How often they look for new logins: one works within 5 s of Create, and ends within 5 s of revocation."""
ENDPOINT_PUBLISH_INTERVAL_S = 5.0
"""How often the logins are compared with the rows, beside each change of them."""
ENDPOINT_RETRY_S = 5.0
"""How long an endpoint that cannot listen waits before it tries again: the port may be free by then."""
ENDPOINT_SILENT_S_MAX = 15.0
"""A status older than this is no status: the process hangs or is gone."""
ENDPOINT_RESTART_WAITS_S = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
"""Waits before a process that died is started again; what dies at each start does not burn a core."""
ENDPOINT_STEADY_S = 60.0
"""A process that lived this long starts at the shortest wait again."""
SFTP_SERVER_WINDOW_BYTES = 4 * 1024**2
"""What a client may send before we answer; measured: 1 GiB makes paramiko's buffers quadratic, 4 to 16 MiB do not."""

# --- connections and credentials -----------------------------------------------------------------
SUBJECT_CHARACTERS_MAX = 200
"""The subject of mail that we send; mail programs show less of it."""
RECIPIENTS_MAX = 50
"""Recipients of one outbound mail connection; mail servers refuse more than about 100 at once."""
SCANNED_MAILS_MAX = 5
"""The newest mails of a mailbox that a scan looks into, so that somebody sees columns within seconds."""
LISTED_NAMES_SHOWN = 500
"""Names of a partner's folder that the pattern tester is given; nobody reads more of them."""
HOSTED_FOLDER_CHARACTERS_MAX = 40
"""The name of a connection's folder in a login's tree, cut from the connection's name."""

# --- files that came -----------------------------------------------------------------------------
UNPACKED_BYTES_MAX = FILE_BYTES_MAX
"""What a packed file may unpack to: as much as is read unpacked."""
UNPACKED_FREE_BYTES = 64 * 1024**2
"""What any packed file may unpack to, and the room that unpacking leaves on the disk."""
UNPACKED_TIMES_MAX = 200
"""How much larger the unpacked file may be beyond that; tables shrink to a tenth, bombs to a thousandth."""
ZIP_MEMBERS_MAX = 16
"""Entries of a zip whose contents are looked at; one of them is the table, others are folders and side files."""
ZIP_CONTENTS_BYTES_MAX = 1024**2
"""The table of contents of a zip; one entry takes 100 bytes."""
LOOK_APART_S = 3.0
"""Two looks that agree prove that a file is not being written; writers that pause in mid-file pause shorter."""
SETTLED_S = 120.0
"""A file whose time is older than this needs no second look; the clocks of servers are that near to ours."""
SETTLED_ZONES_S = 27 * 3600.0
"""The same where the server may tell its local time without a zone, as FTP servers do: zones are 26 hours apart."""
NOT_MATCHED_NAMES_KEPT_MAX = 1_000
"""Names of one connection that are kept as seen and not matched; a folder may hold 100,000 others."""
TAKEN_FILES_AT_ONCE_MAX = 100
"""Files whose rows and receipts are written in one transaction."""
INTAKE_TICK_S = 0.5
"""How often what landed is taken in; a file is imported within 5 s of landing."""
STARTS_INTERVAL_S = 2.0
"""How often the engine looks for files that wait for a run without anything having landed."""
QUEUED_AGAIN_S = 60.0
"""How long files wait after a run that could do nothing with them: a full disk is not free a second later."""
UPLOAD_GRACE_S = 900.0
"""An upload without a byte for this long was broken off; clients that go on do so within minutes."""
UPLOAD_DAYS_MAX = 7
"""How long what was broken off is kept for a client that goes on with it."""
BROKEN_FILES_SHOWN_MAX = 1_000
"""Broken uploads of one connection that are shown; its folder holds no more files."""
KEPT_DAYS = 90
"""How long the content of files and answers is kept (requirements T12 and R07)."""
KEEPING_INTERVAL_S = 24 * 3600.0
"""How often old content is looked for."""
BROKEN_OFF_INTERVAL_S = 60.0
"""How often uploads that were broken off are looked for."""

# --- FTP and mail as a client ----------------------------------------------------------------------
FTP_LINE_BYTES_MAX = 8 * 1024
"""One line of a listing; the longest names of file systems take 1,020 bytes in UTF-8."""
MAIL_SEND_WAIT_S_MAX = 900.0
"""Sending one mail as a whole; RFC 5321 lets a server take 10 minutes for its last word."""
MAIL_PARTS_MAX = 1_000
"""Parts of one mail; people attach dozens of files, never hundreds (faults row 55)."""
MAIL_NESTED_LEVELS_MAX = 20
"""Parts within parts; mail programs nest four deep (faults row 55)."""
MAIL_BOUNDARY_LINES_MAX = 200_000
"""Lines of a mail that begin as boundaries do; reading more of them would cost seconds."""
MAIL_HEADER_BYTES_MAX = 128 * 1024
"""The header of a mail; trails of relays take 20 kB."""
MAIL_PART_HEADER_BYTES_MAX = 8 * 1024
"""The header of a part; a long name in three spellings takes 2 kB."""
MAIL_FIELD_CHARACTERS_MAX = 8 * 1024
"""One field of a header that is read at all; the standard library's time grows with its square."""
MAIL_EXPLODE_WAIT_S_MAX = 60.0
"""Taking one mail apart; 50 MB take a second."""
ATTACHMENT_NAME_BYTES_MAX = 200
"""The name of an attachment as it is kept; file systems take 255, and answers put a prefix and an ending to it."""
IMAP_CHUNK_BYTES = 256 * 1024
"""How much of a message is asked for at once; a lost connection costs no more than this."""
IMAP_ANSWER_BYTES_MAX = 64 * 1024**2
"""All that a mail server may say to one request; 100,000 messages of a folder take 10 MB."""
IMAP_MESSAGES_AT_ONCE_MAX = 1_000
"""Messages whose sizes are asked for in one request; lines of requests stay within what servers take."""

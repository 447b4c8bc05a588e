"""Every bound of the product: a wait, a size or a count, its unit in its name and its reason beside it."""

# --- files ---------------------------------------------------------------------------------------
FILE_BYTES_MAX = 20 * 1024**3
"""A fetched file; larger ones are refused before the disk fills."""
RECORD_BYTES_MAX = 10 * 1024**2
"""One record of a file: beyond it the row is rejected, so that memory stays bounded (faults row 82)."""
COLUMNS_MAX = 2_000
"""Columns of one file; wider ones are refused (faults row 82)."""
READ_BLOCK_BYTES = 16 * 1024**2
"""What the reader holds of a file at once; 16 MiB keeps both cores busy within 300 MB."""
REJECT_RAW_CHARACTERS_MAX = 2_000
"""How much of a rejected record is kept for people to look at; longer ones say that they were cut."""
SNIFF_BYTES = 256 * 1024
"""How much of a file the separator and the header are guessed from."""
SAMPLE_ROWS = 20
"""Rows shown in previews."""

# --- transfer ------------------------------------------------------------------------------------
CONNECT_WAIT_S_MAX = 15.0
"""Connecting, key exchange and sign-in, each; slow partners answer within a few seconds."""
TRANSFER_SILENCE_S_MAX = 60.0
"""No byte for this long in a listing or a fetch: the server is gone."""
LISTED_FILES_MAX = 100_000
"""Names in one remote folder; beyond it the listing says so and stops."""
SFTP_WINDOW_BYTES = 16 * 1024**2
"""asyncssh's channel window; 16 MiB fetched 1.7 times OpenSSH's rate at 30 ms (performance notes)."""

# --- values --------------------------------------------------------------------------------------
DECIMAL_PLACES_MAX = 10
"""Places of a decimal property; a value with more is rejected, never rounded."""
DECIMAL_DIGITS_MAX = 38
"""DuckDB's widest exact decimal."""
PROPERTY_NAME_CHARACTERS_MAX = 120
"""Longer names fit no screen."""
NAME_CHARACTERS_MAX = 120
"""Names of connections and people."""

# --- engine --------------------------------------------------------------------------------------
SCHEDULE_MINUTES_MIN = 1
"""The shortest "every X minutes"."""
SCHEDULE_MINUTES_MAX = 7 * 24 * 60
"""The longest "every X minutes": a week."""
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
SOCKET_REQUEST_BYTES_MAX = 16 * 1024**2
"""One request of the command line to the running service."""
RUN_WAIT_S_MAX = 6 * 3600.0
"""`run --wait` gives up waiting after this; the run itself goes on."""

# --- sign-in -------------------------------------------------------------------------------------
LOGIN_DAYS_MAX = 14
"""A sign-in lasts this long."""
INVITE_HOURS_MAX = 72
"""An invitation link can be used this long."""
SIGN_IN_TRIES_MAX = 5
"""Wrong passwords in a row before the address has to wait."""
SIGN_IN_WAIT_S = 60.0
"""How long it then waits."""
PASSWORD_CHARACTERS_MIN = 12
"""Shorter passwords are refused (NIST SP 800-63B asks for 8 with rate limits; 12 costs nobody much)."""
PASSWORD_CHARACTERS_MAX = 200
"""Longer ones only make hashing slow."""

# --- keeping -------------------------------------------------------------------------------------
DRAFT_DAYS_MAX = 30
"""Wizard drafts nobody came back to."""
REJECTS_SHOWN_MAX = 10_000
"""Rejected rows one page or command shows; the answer says when there are more."""

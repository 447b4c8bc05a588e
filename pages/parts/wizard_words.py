"""What the Connector wizard explains: its words, its captions, and what each type of data needs."""

from storage.records.connections import DataType, Direction, Method, Methodology

TERMS = {
    "Name": "What people here call the connection; say whose data it carries.",
    "Data type": "What a row of the file is about, such as an audience or a purchase.",
    "Direction": "In: a partner's data comes to us. Out: ours goes to a partner.",
    "Method": "How the files travel: SFTP is a file server over SSH, FTP one over TLS, Email carries attachments.",
    "Methodology": "Who starts the transfer: the giver pushes, the taker pulls.",
    "Details": "Server, folder, file names and credentials: whatever the way chosen needs.",
}
DIRECTION_CAPTIONS = {
    Direction.INBOUND: "Files of a partner become profiles here",
    Direction.OUTBOUND: "Files leave for a partner",
}
METHOD_ICONS = {Method.EMAIL: "mail", Method.SFTP: "folder_managed", Method.FTP: "lan"}
METHODOLOGY_CAPTIONS: dict[tuple[Direction, Methodology], dict[bool, str]] = {
    (Direction.INBOUND, Methodology.PUSH): {
        False: "The partner puts files onto our server",
        True: "The partner mails files to an address of ours",
    },
    (Direction.INBOUND, Methodology.PULL): {
        False: "We fetch files from the partner's server",
        True: "We read a mailbox of the partner",
    },
    (Direction.OUTBOUND, Methodology.PULL): {False: "The partner fetches files from our server"},
    (Direction.OUTBOUND, Methodology.PUSH): {
        False: "We put files onto the partner's server",
        True: "We mail files to the partner",
    },
}
"""What each methodology means, for servers (False) and for mail (True)."""
TARGETS = {"people": "Profiles", "actions": "Actions of profiles", "things": "Records of their own"}
SAMPLES: dict[DataType, tuple[str, tuple[dict[str, str], ...]]] = {
    DataType.AUDIENCES: (
        "An identifier of the person; any other column can become a property.",
        ({"member_no": "0048291", "segment": "gold"}, {"member_no": "0051002", "segment": "silver"}),
    ),
    DataType.IDENTITIES: (
        "The identifier that you know, and at least one more of the same person.",
        (
            {"member_no": "0048291", "loyalty_card": "7731004"},
            {"member_no": "0051002", "loyalty_card": "7731377"},
        ),
    ),
    DataType.CARD_LINKED_TRANSACTIONS: (
        "An identifier of the person, the day and the amount.",
        (
            {"customer_id": "00421", "date": "20261104", "amount": "23.50"},
            {"customer_id": "00422", "date": "20261105", "amount": "11.77"},
        ),
    ),
}
"""Per type that can be chosen: which columns a file must have, and two rows of such a file."""
SERVER_EXAMPLES = {
    Method.SFTP: "sftp.brightside.example",
    Method.FTP: "ftp.brightside.example",
    Method.EMAIL: "imap.brightside.example",
}
WILDCARDS = "`*` any characters, also none \u2003 `?` exactly one \u2003 everything else is literal; case matters"
REGEX_NOTE = "A regular expression (RE2), compared with the whole name; case matters"
EMPTY_PATTERN = " \u2003 empty: every file"
FILES_HELP = (
    "A pattern such as purchases_*.csv, or one exact name: * stands for any characters, also none, ? for exactly one. "
    "Names that begin with receipt_ or result_ are our own answers and never taken."
)
MAIL_WARNING = (
    "**Every attachment must match, or the whole e-mail is ignored.** "
    "Names that begin with **receipt\\_** or **result\\_** are reserved and skipped."
)
PLAIN_FTP_HELP = "Without TLS. Leave it off unless the partner's server has no TLS (FTPS)."
PLAIN_FTP_WARNING = "**User name, password and files travel so that anybody on the way can read them.**"
DELETE_HELP = "Off is recommended. On: removed there once the import is committed, never before."
RESULT_FOLDER_HELP = "Where receipt_ and result_ files go, from the root on. Empty: they are kept here alone."
OWN_RESULT_FOLDER_HELP = (
    "Where receipt_ and result_ files lie in the login's folder. Empty: beside the files that came."
)
MAIL_PORT_HELP = "993 speaks TLS at once; on any other port STARTTLS is asked for first."
SENDERS_HELP = "Addresses, or whole domains such as @brightside.example. Empty: whoever knows the address may send."
PROVIDED_KINDS = {
    "password": "Handoff makes user name and password; shown once",
    "public_key": "The partner pastes a public key, Handoff makes the user name",
    "made_key": "Handoff makes a key pair; the private half is shown once",
}
ENTERED_KINDS = {
    "password": "The one that the partner gave you",
    "private_key": "A key file of yours, with or without passphrase",
    "made_key": "Handoff makes a key pair; the partner allows its public half",
}
ON_SAVE = ("The next run uses these values",)
STAGES = {
    "resolve": "Find the server",
    "connect": "Connect",
    "host key": "Host key",
    "certificate": "Certificate",
    "sign in": "Sign in",
    "list": "List the folder",
    "write": "Write a file",
}
"""The stages of a connection test, in order, in the words of the page."""
_MAPPING = "You map its columns, so that it knows what to import"
_HAND_OVER = "You send a file, or have it sent by the command line"
_ON_CREATE = {
    (Direction.INBOUND, Methodology.PULL): (
        "The connection is made and turned on",
        _MAPPING,
        "It runs by its schedule, or when somebody presses Run now",
    ),
    (Direction.OUTBOUND, Methodology.PUSH): (
        "The connection is made and turned on",
        _HAND_OVER,
        "Handoff delivers it at once, and tries again where the server is away",
    ),
    (Direction.OUTBOUND, Methodology.PULL): (
        "The login works within seconds",
        _HAND_OVER,
        "The partner finds it in the login's folder",
    ),
}
_ON_CREATE_PUSHED = (
    "The login works within seconds",
    _MAPPING,
    "Files are imported as they arrive; a receipt and a result lie beside them",
)
_ON_CREATE_MAILED = (
    "The address accepts mail within seconds",
    _MAPPING,
    "Each file gets a receipt and a result at the return address, where one was given",
)


def sample_names(data_type: object) -> str:
    """Return five names to try a pattern on, one a line, as files of this type might be called."""
    word = {DataType.AUDIENCES: "audiences", DataType.IDENTITIES: "identities"}.get(
        DataType(str(data_type)) if data_type else DataType.CARD_LINKED_TRANSACTIONS, "purchases"
    )
    return f"{word}_2026-11.csv\n{word}_.csv\n{word.capitalize()}_1.csv\nreceipt_{word}_1.csv\nlogo.png"


def on_create(direction: Direction, method: Method, methodology: Methodology) -> tuple[str, ...]:
    """Return what happens on Create and after it, for a way."""
    if (direction, methodology) == (Direction.INBOUND, Methodology.PUSH):
        return _ON_CREATE_MAILED if method is Method.EMAIL else _ON_CREATE_PUSHED
    return _ON_CREATE[direction, methodology]


def methodology_caption(direction: Direction, method: Method | None, methodology: Methodology) -> str:
    """Return what a methodology means for the direction and method chosen."""
    captions = METHODOLOGY_CAPTIONS[direction, methodology]
    return captions.get(method is Method.EMAIL, captions[False])

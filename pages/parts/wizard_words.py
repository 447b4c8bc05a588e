"""What the Connector wizard explains: its words, its captions, and what each type of data needs."""

from storage.records.connections import DataType, Direction, Method, Methodology

TERMS = {
    "Name": "What people here call the connection; say whose data it carries.",
    "Data type": "What a row of the file is about, such as an audience or a purchase.",
    "Direction": "In: a partner's data comes to us. Out: ours goes to a partner.",
    "Method": "How the files travel: SFTP is a file server over SSH.",
    "Methodology": "Who starts the transfer: the giver pushes, the taker pulls.",
    "Details": "Server, folder, file names and credentials: whatever the way chosen needs.",
}
DIRECTION_CAPTIONS = {
    Direction.INBOUND: "Files of a partner become profiles here",
    Direction.OUTBOUND: "Profiles leave as files",
}
METHOD_ICONS = {Method.EMAIL: "mail", Method.SFTP: "folder_managed", Method.FTP: "lan"}
METHODOLOGY_CAPTIONS = {
    Methodology.PUSH: "The partner puts files onto our server",
    Methodology.PULL: "We fetch files from the partner's server",
}
TYPE_CAPTIONS = {
    DataType.AUDIENCES: "Who belongs to a group, one person a row",
    DataType.IDENTITIES: "Which identifiers belong to the same person",
    DataType.CARD_LINKED_TRANSACTIONS: "What people bought, one purchase a row",
}
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
"""Per type: which columns a file must have, and two rows of such a file."""
WILDCARDS = "`*` any characters, also none \u2003 `?` exactly one \u2003 everything else is literal; case matters"
FILES_HELP = (
    "A pattern such as purchases_*.csv, or one exact name. Names that begin with receipt_ or result_ are our own "
    "answers and never taken."
)
SAMPLE_NAMES = "purchases_2026-11.csv\npurchases_.csv\nPurchases_1.csv\nreceipt_purchases_1.csv\nlogo.png"
ON_CREATE = (
    "The connection is made and turned on",
    "You map its columns, so that it knows what to import",
    "It runs by its schedule, or when somebody presses Run now",
)
STAGES = {
    "resolve": "Find the server",
    "connect": "Connect",
    "host key": "Host key",
    "sign in": "Sign in",
    "list": "List the folder",
}
"""The stages of a connection test, in order, in the words of the page."""

"""What people read when a server cannot be reached, is not who it was, or refuses."""

from engine.base import limits
from engine.base.errors import BadInput, Category, GiveUp, HandoffError, MendCredentials, MendData, TryAgain
from engine.transfer.names import shown
from engine.transfer.transport import Place
from storage.records.files import HostKey


def at(place: Place) -> str:
    """Return host and port in one word."""
    return f"{shown(place.host)}:{place.port}"


def took_too_long(place: Place, doing: str, wait_s: float) -> TryAgain:
    """The time of one stage is over; `doing` names the stage."""
    return TryAgain(
        f"{at(place)} took longer than {wait_s:g} s {doing}; the next run tries again.",
        Category.TIMEOUT,
    )


def unknown_name(place: Place) -> TryAgain:
    """The name service knows no such host."""
    return TryAgain(f"The server name {shown(place.host)} was not found; check how it is written.")


def not_reached(place: Place, error: OSError) -> TryAgain:
    """Connecting failed at once."""
    if isinstance(error, ConnectionRefusedError):
        return TryAgain(f"{at(place)} refused the connection; check the port and whether the server runs.")
    why = error.strerror or "no route"
    return TryAgain(f"{at(place)} cannot be reached ({why.lower()}); check server, port and firewall.")


def hung_up(place: Place, doing: str) -> TryAgain:
    """The connection ended in one stage; `doing` names the stage."""
    return TryAgain(f"{at(place)} ended the connection {doing}; the next run tries again.")


def not_ssh(place: Place) -> GiveUp:
    """Something answers that is no SSH server."""
    return GiveUp(f"{at(place)} answers, but not as an SFTP server; check the port.", Category.NETWORK)


def too_old(place: Place) -> GiveUp:
    """No algorithm in common."""
    return GiveUp(
        f"{at(place)} offers only outdated encryption or host keys; ask whoever runs it to allow current ones, or an "
        "administrator to name it under network.old_sftp_servers in settings.yaml.",
        Category.SERVER_TOO_OLD,
    )


def host_key_not_confirmed(place: Place, offered: HostKey) -> MendCredentials:
    """Nobody has confirmed a host key yet."""
    return MendCredentials(
        f"Host key not confirmed: {at(place)} shows {offered.fingerprint} ({offered.kind}); "
        "compare it with what the partner names and confirm it on the connection.",
        Category.HOST_KEY,
    )


def host_key_changed(place: Place, offered: HostKey) -> MendCredentials:
    """The server shows another key than the confirmed one; nothing secret was sent."""
    return MendCredentials(
        f"The host key of {at(place)} has changed from {place.host_key} to {offered.fingerprint}, and no credential "
        "was sent; ask the partner whether this is right, then confirm the new one.",
        Category.HOST_KEY,
    )


def sign_in_refused(place: Place, with_what: str) -> MendCredentials:
    """The server does not take the password or the key."""
    return MendCredentials(
        f"{at(place)} refused the {with_what} of {shown(place.username)}; check the user name and the {with_what}."
    )


def may_not_remove(place: Place, folder: str) -> GiveUp:
    """What was written there cannot be removed again."""
    return GiveUp(
        f"{shown(place.username)} may write into {shown(folder)} but not remove there, so half a file would stay after "
        "a cut; ask the partner for the right to.",
        Category.FOLDER,
    )


def no_sftp(place: Place) -> GiveUp:
    """Signed in, but there is no SFTP."""
    return GiveUp(
        f"{at(place)} signs {shown(place.username)} in but offers no SFTP; ask whoever runs it to switch it on.",
        Category.OTHER,
    )


def no_folder(folder: str) -> GiveUp:
    """The folder is missing."""
    return GiveUp(f"The server has no folder {shown(folder)}; check how it is written.", Category.FOLDER)


def not_a_folder(folder: str) -> GiveUp:
    """The path names something else."""
    return GiveUp(f"{shown(folder)} on the server is a file, not a folder; name the folder above it.", Category.FOLDER)


def may_not_list(place: Place, folder: str) -> GiveUp:
    """The folder may not be read."""
    return GiveUp(
        f"{shown(place.username)} may not list the folder {shown(folder)}; ask the partner for the right to read it.",
        Category.FOLDER,
    )


def may_not_write(place: Place, folder: str) -> GiveUp:
    """The folder may not be written."""
    return GiveUp(
        f"{shown(place.username)} may not write into the folder {shown(folder)}; ask the partner for the right to.",
        Category.FOLDER,
    )


def kept_short(place: Place, name: str, there_bytes: int, size_bytes: int) -> TryAgain:
    """The server has fewer bytes, or more, than were written."""
    return TryAgain(
        f"{at(place)} keeps {there_bytes:,} of the {size_bytes:,} bytes of {shown(name)}, so it was taken back; "
        "ask whether its disk is full."
    )


def taken_too_early(name: str) -> TryAgain:
    """What was written is not there any more before it got its name."""
    return TryAgain(
        f"{shown(name)} was taken away under its temporary name before it was whole; "
        "ask the partner to leave names that begin with a dot alone."
    )


def name_not_allowed(name: str) -> BadInput:
    """A file cannot have this name at a server."""
    return BadInput(f"No server can have a file named {shown(name) or 'nothing'}; give it a plain name.", "name")


def too_many_names(folder: str) -> GiveUp:
    """The folder holds more than the limit."""
    return GiveUp(
        f"The folder {shown(folder)} holds more than {limits.LISTED_FILES_MAX:,} names; "
        "ask the partner to move old files away.",
        Category.FOLDER,
    )


def file_gone(name: str) -> TryAgain:
    """The file was listed and is no longer there."""
    return TryAgain(f"{shown(name)} is no longer in the folder; the next run lists it anew.", Category.FOLDER)


def may_not_read(place: Place, name: str) -> GiveUp:
    """The file may not be read."""
    return GiveUp(
        f"{shown(place.username)} may not read {shown(name)}; ask the partner for the right to read it.",
        Category.FOLDER,
    )


def not_a_file(name: str) -> GiveUp:
    """The name belongs to a link, a folder or a device."""
    return GiveUp(f"{shown(name)} is no regular file and is not fetched; rename or remove it.", Category.FOLDER)


def too_large(name: str, size_bytes: int) -> MendData:
    """The file is beyond the limit."""
    return MendData(
        f"{shown(name)} has {size_bytes:,} bytes, more than the {limits.FILE_BYTES_MAX:,} that are taken; split it."
    )


def no_size(name: str) -> GiveUp:
    """The server does not say how large the file is."""
    return GiveUp(f"The server names no size for {shown(name)}, so nobody can tell when it is whole.", Category.NETWORK)


def still_written(name: str) -> TryAgain:
    """Size or time changed while it was fetched."""
    return TryAgain(f"{shown(name)} is still being written; the next run takes it.", Category.FOLDER)


def endless(name: str, size_bytes: int) -> GiveUp:
    """The file goes on after the size that the server names."""
    return GiveUp(
        f"The server names {size_bytes:,} bytes for {shown(name)} but sends more, so it was not taken; "
        "tell whoever runs the server.",
        Category.NETWORK,
    )


def refused(place: Place, what: str, said: str) -> HandoffError:
    """Any other answer of the SFTP server, in its words."""
    words = shown(said).rstrip(".") or "nothing"
    return TryAgain(
        f"{at(place)} failed with {shown(what)} and says: {words}; the next run tries again.",
        Category.OTHER,
    )


def key_needs_passphrase() -> MendCredentials:
    """The private key is locked and no passphrase is there."""
    return MendCredentials("The private key is locked with a passphrase; enter the passphrase too.")


def passphrase_wrong() -> MendCredentials:
    """The passphrase does not open the key."""
    return MendCredentials("The passphrase does not open the private key; enter it again.")


def key_is_public() -> MendCredentials:
    """The public half was given."""
    return MendCredentials("This is the public half of a key; enter the private one.")


def key_is_putty() -> MendCredentials:
    """A PuTTY key was given."""
    return MendCredentials(
        "This key is in PuTTY's own format; export it in PuTTYgen with Conversions, Export OpenSSH key."
    )


def key_outdated(kind: str) -> MendCredentials:
    """DSA, or RSA that is too short."""
    return MendCredentials(
        f"Keys of the kind {kind} are no longer safe; use Ed25519, or RSA of {limits.RSA_KEY_BITS_MIN:,} bits or more."
    )


def key_unreadable() -> MendCredentials:
    """Not a private key, or damaged."""
    return MendCredentials("The private key cannot be read; enter the whole file in OpenSSH or PEM format.")

"""What the wizard refuses to sign in with, and where it refuses to go; nothing is stored then."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ed25519, rsa

from engine.actions import drafts, questions
from engine.base.errors import BadInput
from engine.flows import sealing
from engine.flows.desk import Desk
from engine.security import provisioning
from engine.views import drafts as view
from storage.records.connections import Secrets
from storage.records.people import Caller, Role
from tests.fakes.home import open_home
from tests.fakes.wizards import credential_of, fill, make, stored

ANA = Caller("Ana Vos", Role.ANALYST, "p1")
PULL = ("inbound", "sftp", "pull")
PHRASE = "open sesame"
PEM, PKCS8 = serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8
OPENSSH = serialization.PrivateFormat.OpenSSH


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_home(tmp_path) as opened:
        yield opened


def as_text(key: object, form: serialization.PrivateFormat, passphrase: str | None = None) -> str:
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        lock = serialization.BestAvailableEncryption(passphrase.encode())
    text: bytes = key.private_bytes(serialization.Encoding.PEM, form, lock)  # type: ignore[attr-defined]  # any key
    return text.decode()


@pytest.fixture(scope="module")
def good() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


@pytest.mark.fault(61)
def test_each_kind_of_bad_key_has_its_own_sentence_and_nothing_is_stored(
    desk: Desk, good: ed25519.Ed25519PrivateKey
) -> None:
    # given
    locked = as_text(good, OPENSSH, PHRASE)
    bad = {
        "no passphrase": Secrets(private_key=locked),
        "wrong passphrase": Secrets(private_key=locked, passphrase="wrong"),
        "DSA": Secrets(private_key=as_text(dsa.generate_private_key(1024), PKCS8)),  # noqa: S505 - refused below
        "PPK": Secrets(private_key="PuTTY-User-Key-File-3: ssh-ed25519\n"),
        "public": Secrets(private_key=provisioning.new_pair("x")[1]),
        "short": Secrets(private_key=as_text(rsa.generate_private_key(65_537, 1024), PEM)),  # noqa: S505 - the same
    }
    draft_id = fill(desk, ANA, PULL)
    # when
    sentences = set()
    for secrets in bad.values():
        with pytest.raises(BadInput) as refusal:
            drafts.set_secret(desk, ANA, draft_id, secrets)
        sentences.add(str(refusal.value))
    # then
    assert len(sentences) == len(bad)
    assert all(sentence.count(". ") == 0 and sentence.endswith(".") for sentence in sentences)
    with desk.database.read() as cursor:
        assert cursor.execute("SELECT secret_sealed FROM ctl.draft").fetchall() == [(None,)]
    assert view.page(desk, ANA, draft_id, None).answers["has_secret"] is False


@pytest.mark.promise("F08")
@pytest.mark.parametrize("form", [OPENSSH, PEM, PKCS8])
@pytest.mark.parametrize("passphrase", [None, PHRASE])
def test_a_private_key_is_taken_in_each_form(
    desk: Desk, form: serialization.PrivateFormat, passphrase: str | None
) -> None:
    # given
    key = rsa.generate_private_key(65_537, 2048)
    draft_id = fill(desk, ANA, PULL)
    # when
    secrets = Secrets(private_key=as_text(key, form, passphrase), passphrase=passphrase)
    drafts.set_secret(desk, ANA, draft_id, secrets)
    made = stored(desk, drafts.create(desk, ANA, draft_id))
    # then
    with desk.database.read() as cursor:
        assert sealing.of_connection(desk, cursor, made.connection_id) == secrets
    assert credential_of(desk, made).public_keys[0].startswith("ssh-rsa ")


def test_password_and_key_go_together(desk: Desk, good: ed25519.Ed25519PrivateKey) -> None:
    # given
    both = Secrets(password="and this", private_key=as_text(good, OPENSSH))
    draft_id = fill(desk, ANA, PULL)
    # when
    drafts.set_secret(desk, ANA, draft_id, both)
    page = view.page(desk, ANA, draft_id, None)
    made = stored(desk, drafts.create(desk, ANA, draft_id))
    # then
    assert page.answers["credential_kind"] == "private_key"
    with desk.database.read() as cursor:
        assert sealing.of_connection(desk, cursor, made.connection_id) == both


@pytest.mark.promise("F09")
@pytest.mark.promise("D11")
def test_no_secret_is_in_a_draft_or_its_page(desk: Desk) -> None:
    # given
    draft_id = fill(desk, ANA, PULL)
    drafts.set_secret(desk, ANA, draft_id, Secrets(password="entered-s3cret"))
    # then
    assert "entered-s3cret" not in repr(view.page(desk, ANA, draft_id, None))
    with desk.database.read() as cursor:
        assert "entered-s3cret" not in str(cursor.execute("FROM ctl.draft").fetchall())


@pytest.mark.fault(70)
@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("127.1", 22),
        ("0x7f000001", 22),
        ("2130706433", 22),
        ("::ffff:127.0.0.1", 22),
        ("0", 22),
        ("169.254.169.254", 22),
        ("127.0.0.1", 2222),
    ],
)
def test_a_server_that_policy_refuses_stops_the_step_with_the_policys_name(desk: Desk, host: str, port: int) -> None:
    # given
    draft_id = fill(desk, ANA, PULL, host=host, port=port)
    # when
    page = view.page(desk, ANA, draft_id, "Method")
    # then
    assert "policy" in page.problems["host"]
    for ask in (questions.ask_host_key, questions.ask_test, questions.ask_listing):
        with pytest.raises(BadInput, match="policy"):
            ask(desk, ANA, draft_id)


@pytest.mark.fault(72)
def test_a_private_network_is_reached_where_an_administrator_allows_it(desk: Desk) -> None:
    # given
    draft_id = fill(desk, ANA, PULL, host="10.1.2.3")
    assert "network.allow" in view.page(desk, ANA, draft_id, "Method").problems["host"]
    # when
    (desk.settings.home / "settings.yaml").write_text("network: {allow: [10.0.0.0/8]}\n")
    # then
    assert view.page(desk, ANA, draft_id, "Method").problems == {}


def test_names_are_not_looked_up_while_somebody_types(desk: Desk) -> None:
    draft_id = fill(desk, ANA, PULL, host="nobody.invalid")
    assert view.page(desk, ANA, draft_id, "Method").problems == {}


def test_a_regular_expression_is_judged_as_the_import_will_read_it(desk: Desk) -> None:
    draft_id = fill(desk, ANA, PULL, files_kind="regex", files="a(?=b)")
    assert "Look-around" in view.page(desk, ANA, draft_id, "Method").problems["files"]


@pytest.mark.promise("W15")
def test_names_are_tried_with_the_rule_of_the_import() -> None:
    # when
    names = ["audiences_1.csv", "audiences_.csv", "Audiences_1.csv", "receipt_audiences_1.csv", "logo.png"]
    trial = view.try_pattern("audiences_*.csv", "wildcard", names, is_mail=True)
    # then
    assert [(name, taken) for name, taken, _ in trial.lines] == [
        ("audiences_1.csv", True),
        ("audiences_.csv", True),
        ("Audiences_1.csv", False),
        ("receipt_audiences_1.csv", False),
        ("logo.png", False),
    ]
    assert trial.verdict is not None
    assert "Audiences_1.csv" in trial.verdict
    assert view.try_pattern("*.csv", "wildcard", ["a.csv"], is_mail=True).verdict is None
    assert view.try_pattern("(", "regex", ["a.csv"]).problem is not None


@pytest.mark.parametrize(
    "way", [("inbound", "sftp", "push"), ("inbound", "email", "push"), ("outbound", "ftp", "pull")]
)
def test_where_partners_come_to_us_there_is_no_server_to_ask(desk: Desk, way: tuple[str, str, str]) -> None:
    made = make(desk, ANA, way)
    edit = drafts.begin_edit(desk, ANA, made.connection_id)
    with pytest.raises(BadInput, match="Partners come to us"):
        questions.ask_test(desk, ANA, edit)

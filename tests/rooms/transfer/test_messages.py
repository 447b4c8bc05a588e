"""Which parts of a mail are attachments, what they are called, and when a mail is taken (P07-P10, faults 50-56)."""

import base64
import time
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from engine.transfer import messages
from engine.transfer.messages import Message
from engine.transfer.mime import UnreadableError
from storage.records.goals import PatternKind

HEAD = b"From: Shop <shop@example.com>\r\nSubject: data\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n"
MIXED = HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'


def mixed(*parts: bytes) -> bytes:
    return MIXED + b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"


def attached(said: bytes, content: bytes = b"a;b\r\n1;2\r\n") -> bytes:
    return b"Content-Type: text/csv\r\nContent-Disposition: attachment; " + said + b"\r\n\r\n" + content


TEXT = b"Content-Type: text/plain\r\n\r\nHello,\r\nhere is the data."


def made(*names: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["Subject"], mail["Message-ID"] = "shop@example.com", "data", "<1@example.com>"
    mail.set_content("Hello")
    for name in names:
        mail.add_attachment(f"id\r\n{name}\r\n".encode(), maintype="text", subtype="csv", filename=name)
    return mail.as_bytes()


def names(message: Message) -> list[str]:
    return [attachment.name for attachment in message.attachments]


def judged(raw: bytes, pattern: str, *senders: str) -> messages.Judgement:
    return messages.judge(messages.explode(raw), pattern, PatternKind.WILDCARD, senders)


def test_facts_of_a_mail_are_read() -> None:
    # given
    raw = (
        b"Return-Path: <bounce@example.com>\r\nFrom: =?utf-8?q?Gr=C3=B6=C3=9Fe?= <Shop@Example.com>\r\n"
        b"Subject: =?utf-8?b?w7xiZXI=?=\r\n =?utf-8?q?_alles?=\r\nDate: Tue, 14 Nov 2023 23:13:20 +0100\r\n"
        b"Message-ID: <1@example.com>\r\n\r\nHello\r\n"
    )
    # when
    message = messages.explode(raw)
    # then
    assert message.senders == ("shop@example.com",)
    assert message.envelope_sender == "bounce@example.com"
    assert message.subject == "über alles"
    assert message.sent_at is not None
    assert message.sent_at.isoformat() == "2023-11-14T22:13:20"
    assert (message.key, message.attachments, message.fault) == ("<1@example.com>", (), None)


@pytest.mark.promise("P07")
@pytest.mark.fault(51)
def test_one_attachment_that_does_not_match_has_the_whole_mail_ignored() -> None:
    judgement = judged(made("audiences_1.csv", "notes.txt"), "audiences_*.csv")
    assert judgement.taken == ()
    assert judgement.why_ignored is not None
    assert "notes.txt does not match audiences_*.csv" in judgement.why_ignored
    assert not judgement.is_quarantined


@pytest.mark.promise("P08")
@pytest.mark.fault(52)
def test_reserved_names_are_set_aside_and_the_rest_is_taken() -> None:
    judgement = judged(made("a.csv", "receipt_a.csv", "RESULT_a.json"), "a*.csv")
    assert [(attachment.name, name) for attachment, name in judgement.taken] == [("a.csv", "a.csv")]
    assert [name for name, _ in judgement.ignored] == ["receipt_a.csv", "RESULT_a.json"]
    assert judgement.why_ignored is None


@pytest.mark.promise("P09")
def test_text_images_of_the_text_and_signatures_are_no_attachments() -> None:
    # given
    image = (
        b"Content-Type: image/png; name=logo.png\r\nContent-ID: <x@y>\r\nContent-Disposition: inline; filename=logo.png"
        b"\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo="
    )
    html = b"Content-Type: text/html\r\n\r\n<img src=cid:x@y>"
    related = (
        b"Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\n" + html + b"\r\n--r\r\n" + image + b"\r\n--r--"
    )
    signature = (
        b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\n"
        b"Content-Disposition: attachment; filename=smime.p7s\r\n\r\nx"
    )
    pgp = b"Content-Type: application/pgp-signature; name=signature.asc\r\n\r\nx"
    # when
    judgement = judged(mixed(TEXT, related, attached(b"filename=a.csv"), signature, pgp), "a.csv")
    # then
    assert [name for _, name in judgement.taken] == ["a.csv"]
    assert dict(judgement.ignored) == {
        "logo.png": messages.IMAGE_OF_THE_TEXT,
        "smime.p7s": messages.SIGNATURE,
        "signature.asc": messages.SIGNATURE,
    }
    nothing = judged(mixed(TEXT, related, signature), "*")
    assert nothing.taken == ()
    assert nothing.why_ignored == "The mail has no attachment, so nothing was taken."


def test_a_mail_within_the_mail_is_one_attachment_and_is_not_opened() -> None:
    within = b"Content-Type: message/rfc822\r\n\r\n" + made("a.csv").replace(b'boundary="==', b'boundary="=+=')
    assert names(messages.explode(mixed(TEXT, within))) == ["forwarded.eml"]
    why = judged(mixed(TEXT, within), "a.csv").why_ignored
    assert why is not None
    assert "forwarded.eml does not match" in why


@pytest.mark.promise("P10")
@pytest.mark.fault(54)
@pytest.mark.parametrize(
    ("said", "name"),
    [
        (b"filename=a.csv", "a.csv"),
        (b'filename="../../a.csv"', "a.csv"),
        (b'filename="..\\\\..\\\\a.csv"', "a.csv"),
        (b'filename="C:\\\\temp\\\\a.csv"', "a.csv"),
        (b'filename="/etc/passwd"', "passwd"),
        (b'filename=".."', "unnamed"),
        (b'filename=""', "unnamed"),
        (b"x=y", "unnamed"),
        (b'filename="a\0b.csv"', "ab.csv"),
        (b'filename="a\tb\x07.csv"', "ab.csv"),
        (b"filename*=utf-8''gr%C3%B6%C3%9Fe.csv", "größe.csv"),
        (b"filename*0*=utf-8''gr%C3%B6; filename*1*=%C3%9Fe; filename*2=.csv", "größe.csv"),
        (b"filename*=utf-8''..%2F..%2Fa.csv", "a.csv"),
        (b"filename*=nonsense''a.csv", "a.csv"),
        (b'filename="=?utf-8?b?Z3LDtsOfZS5jc3Y=?="', "größe.csv"),
        (b'filename="=?utf-8?q?gr=C3=B6?=\r\n =?utf-8?q?=C3=9Fe=2Ecsv?="', "größe.csv"),
        (b'filename="=?nonsense?q?a?="', "=?nonsense?q?a?="),
        ("filename=größe.csv".encode(), "größe.csv"),
        (b"filename=gr\xf6\xdfe.csv", "größe.csv"),
        (b"filename=" + b"x" * 5_000 + b".csv", "x" * 196 + ".csv"),
    ],
)
def test_names_are_decoded_and_lose_their_path(said: bytes, name: str) -> None:
    assert names(messages.explode(mixed(TEXT, attached(said)))) == [name]


@pytest.mark.fault(54)
def test_equal_names_are_told_apart_here() -> None:
    judgement = judged(made("a.csv", "a.csv", "a_2.csv", "a.csv"), "a*.csv")
    assert [name for _, name in judgement.taken] == ["a.csv", "a_5.csv", "a_2.csv", "a_3.csv"]


def test_a_part_that_is_shown_in_the_text_and_has_a_name_is_an_attachment() -> None:
    inline = b"Content-Type: text/csv\r\nContent-Disposition: inline; filename=a.csv\r\n\r\nx"
    by_type = b"Content-Type: text/csv; name=b.csv\r\n\r\nx"
    assert names(messages.explode(mixed(TEXT, inline, by_type))) == ["a.csv", "b.csv"]


def test_a_mail_that_is_one_attachment_is_taken() -> None:
    raw = HEAD + b"Content-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\nid\r\n1\r\n"
    [(attachment, name)] = judged(raw, "a.csv").taken
    assert (name, b"".join(messages.content(raw, attachment))) == ("a.csv", b"id\r\n1\r\n")


@pytest.mark.parametrize("size_bytes", [0, 1, 2, 3, 57, 1_000_000])
def test_content_comes_as_it_was_put_in(size_bytes: int) -> None:
    content = bytes(number * 7 % 256 for number in range(size_bytes))
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    quoted = b"=\r\n".join(b"".join(b"=%02X" % byte for byte in content[i : i + 20]) for i in range(0, size_bytes, 20))
    raw = mixed(
        TEXT,
        attached(b"filename=a.csv\r\nContent-Transfer-Encoding: base64", encoded),
        attached(b"filename=b.csv\r\nContent-Transfer-Encoding: Quoted-Printable", quoted),
        attached(
            b"filename=c.csv\r\nContent-Transfer-Encoding: base64", encoded.replace(b"=", b"").replace(b"\r\n", b"\n")
        ),
    )
    for attachment in messages.explode(raw).attachments:
        assert b"".join(messages.content(raw, attachment)) == content


@pytest.mark.parametrize("encoded", [b"YWJj*GRl", b"YWJjZ", b"YQ==YWJj", b"Y"])
def test_base64_that_is_damaged_is_refused(encoded: bytes) -> None:
    raw = mixed(attached(b"filename=a.csv\r\nContent-Transfer-Encoding: base64", encoded))
    [attachment] = messages.explode(raw).attachments
    with pytest.raises(UnreadableError, match=r"a.csv damaged on its way"):
        list(messages.content(raw, attachment))


def test_an_encoding_that_is_not_known_is_refused() -> None:
    raw = mixed(attached(b"filename=a.csv\r\nContent-Transfer-Encoding: x-uuencode"))
    [attachment] = messages.explode(raw).attachments
    with pytest.raises(UnreadableError, match="in the encoding x-uuencode"):
        list(messages.content(raw, attachment))


def test_a_mail_that_ends_in_the_middle_is_not_taken() -> None:
    raw = mixed(TEXT, attached(b"filename=a.csv"))
    message = messages.explode(raw[: -len(b"--b--\r\n") - 3])
    assert message.attachments == ()
    assert message.fault is not None
    assert "ends in the middle" in message.fault
    assert judged(raw[:-9], "*").why_ignored == message.fault


@pytest.mark.fault(50)
@pytest.mark.parametrize(
    ("allowed", "header", "stranger"),
    [
        ((), b"From: x@other.example\r\n", None),
        (("shop@example.com",), b"From: Shop <SHOP@Example.com>\r\n", None),
        (("@example.com",), b"From: shop@example.com\r\nReturn-Path: <bounce@example.com>\r\n", None),
        (("@example.com",), b"From: shop@evil-example.com\r\n", "shop@evil-example.com"),
        (("shop@example.com",), b"From: shop@example.com\r\nReturn-Path: <x@other.example>\r\n", "x@other.example"),
        (("shop@example.com",), b"From: shop@example.com\r\nReturn-Path: <>\r\n", "(none)"),
        (("shop@example.com",), b"From: shop@example.com, x@other.example\r\n", "x@other.example"),
        (("shop@example.com",), b"From: shop@example.com\r\nFrom: x@other.example\r\n", "x@other.example"),
        (("shop@example.com",), b'From: "shop@example.com" <x@other.example>\r\n', "x@other.example"),
        (("shop@example.com",), b"From: shop@example.com)x@other.example\r\n", "x@other.example"),
        (("shop@example.com",), b"Subject: nobody\r\n", "(none)"),
    ],
)
def test_from_and_envelope_have_to_be_allowed_both(
    allowed: tuple[str, ...], header: bytes, stranger: str | None
) -> None:
    raw = header + MIXED.partition(b"\r\n")[2] + b"--b\r\n" + attached(b"filename=a.csv") + b"\r\n--b--\r\n"
    judgement = messages.judge(messages.explode(raw), "*", PatternKind.WILDCARD, allowed)
    assert judgement.is_quarantined is (stranger is not None)
    assert bool(judgement.taken) is (stranger is None)
    if stranger:
        assert judgement.why_ignored is not None
        assert f"The sender {stranger} is not among those allowed" in judgement.why_ignored


def test_the_same_mail_has_the_same_key_whether_it_has_a_number_or_not() -> None:
    bare = b"From: a@example.com\r\n\r\nHello\r\n"
    assert messages.explode(made("a.csv")).key == "<1@example.com>"
    assert messages.explode(bare).key == messages.explode(bare).key
    assert messages.explode(bare).key.startswith("sha256:")
    assert messages.explode(bare).key != messages.explode(bare + b"x").key
    long = b"Message-ID: <" + b"x" * 900 + b"@a>\r\n\r\n"
    assert messages.explode(long + b"one").key == messages.explode(long + b"two").key
    assert len(messages.explode(long).key) < 100


def _nested(depth: int) -> bytes:
    begun = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(depth))
    return HEAD + begun + b"\r\nx\r\n" + b"".join(b"--b%d--\r\n" % i for i in reversed(range(depth)))


@pytest.mark.fault(55)
@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (_nested(1_500), "parts within parts, more than 20 deep"),
        (mixed(*[attached(b"filename=a.csv")] * 10_000), "more than 1,000 parts"),
        (MIXED + b"--b\r\n" * 1_000_000, "more than 1,000 parts"),
        (MIXED + b"--x\r\n" * 1_000_000, "too many lines that look like the borders"),
        (HEAD + b"X: y\r\n" * 100_000 + b"\r\n", "a header of more than"),
        (b"X" * 1_000_000, "a header of more than"),
        (mixed(b"X: " + b"y" * 100_000), "a header of more than"),
        (MIXED, "ends in the middle"),
    ],
    ids=["nested", "attachments", "borders", "dashes", "header", "no line", "header of a part", "cut"],
)
def test_mails_that_are_made_to_hurt_are_refused_with_a_sentence_and_cost_little(raw: bytes, words: str) -> None:
    began_s = time.process_time()
    message = messages.explode(raw)
    assert time.process_time() - began_s < 5
    assert message.fault is not None
    assert words in message.fault
    assert message.attachments == ()


@pytest.mark.fault(55)
@pytest.mark.parametrize(
    "field",
    [
        b'Content-Disposition: attachment; filename="' + b'a";"' * 2_000,
        b"Content-Disposition: attachment; " + b"filename*%d=a; " * 400 % tuple(range(400)),
        b"Content-Type: multipart/mixed; boundary=" + b";" * 8_000,
        b'Content-Disposition: attachment; filename="' + b"=?utf-8?q?" * 700 + b'"',
        b"From: " + b"<" * 8_000,
        b"From: " + b"(" * 8_000,
        b"Date: " + b"1 " * 4_000,
        b"Return-Path: " + b'"' * 8_000,
        b"Subject: " + b"=?utf-8?b?" * 800,
    ],
)
def test_fields_that_are_made_to_hurt_cost_little(field: bytes) -> None:
    began_s = time.process_time()
    messages.explode(field + b"\r\n" + mixed(field + b"\r\n\r\nx"))
    assert time.process_time() - began_s < 5


def test_a_large_mail_costs_little(tmp_path: Path) -> None:
    del tmp_path
    raw = mixed(attached(b"filename=a.csv\r\nContent-Transfer-Encoding: base64", b"YWJj" * 19 + b"\r\n") * 1)
    large = raw.replace(b"--b--", (b"YWJj" * 19 + b"\r\n") * 400_000 + b"--b--")
    began_s = time.process_time()
    [attachment] = messages.explode(large).attachments
    assert sum(len(piece) for piece in messages.content(large, attachment)) == 57 * 400_001
    assert time.process_time() - began_s < 5

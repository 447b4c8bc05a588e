"""Calls partners: one deadline for a whole call, nothing followed, nothing kept; faults come back as answers.

The keeper of aiohttp's client.
"""

import asyncio
from types import TracebackType
from typing import Self
from urllib.parse import quote

import aiohttp
from yarl import URL

from engine.base import clock, limits
from engine.partners.requests import Call
from storage.records.deliveries import Answer

_MASK = "***"
_READ_BYTES = 64 * 1024


class _CutOffError(Exception):
    """The connection broke in mid-call; aiohttp would repeat some calls by itself for its own two errors."""


class _TooLongError(Exception):
    """The answer is longer than any answer to our calls."""


class Client:
    """Calls partners over a pool of connections; belongs to one event loop."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the pool."""
        self._session = aiohttp.ClientSession(
            # How many go side by side is the dispatcher's business: a queue in here would eat into deadlines.
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=True,
            headers={"user-agent": "Handoff", "accept-encoding": "identity"},
            skip_auto_headers=["content-type"],
            middlewares=[_once],
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    async def call(self, call: Call, deadline_s: float) -> Answer:
        """Make one call; what goes wrong on the way is an answer too.

        Args:
            call: As the room's requests builds it.
            deadline_s: For all of it, from looking up the name to the answer's last byte.
        """
        begun_s = clock.monotonic_s()
        try:
            async with asyncio.timeout(deadline_s):
                status, headers, body = await self._exchange(call)
        except TimeoutError:
            return _fault(begun_s, f"No whole answer within {deadline_s:g} s.", "", is_timeout=True)
        except (aiohttp.ClientError, OSError, ValueError, _CutOffError, _TooLongError) as error:
            return _fault(begun_s, *_said(error, call))
        whole = _masked(body, call.secrets)
        return Answer(
            status,
            _cut(whole),
            _since_ms(begun_s),
            retry_after=headers.get("retry-after"),
            body=whole,
            headers=headers,
        )

    async def _exchange(self, call: Call) -> tuple[int, dict[str, str], str]:
        if self._session is None:
            raise RuntimeError("the client is not open")
        async with self._session.request(
            call.method,
            URL(call.url, encoded=True),
            data=call.body or None,
            headers=call.headers,
            allow_redirects=False,
        ) as response:
            read = bytearray()
            async for piece in response.content.iter_chunked(_READ_BYTES):
                read += piece
                if len(read) > limits.ANSWER_BYTES_MAX:
                    # What is left of it must not come in over the next call's connection.
                    response.close()
                    raise _TooLongError
            headers = {name.lower(): value for name, value in response.headers.items()}
            return response.status, headers, read.decode("utf-8", errors="replace")


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request once and no more: each call is written down, and only the outbox repeats one."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _CutOffError from error


def _said(error: Exception, call: Call) -> tuple[str, str]:
    """Return one sentence and a short name for charts; the error's own words may hold the address and its token."""
    host = _host(call.url)
    if isinstance(error, (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError)):
        return f"{host} could not prove that it is {host} (TLS).", "TLS"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"The name {host} was not found.", "name not found"
    if isinstance(error, aiohttp.ClientConnectorError):
        if isinstance(error.os_error, ConnectionRefusedError):
            return f"{host} refused the connection.", "connection refused"
        return f"{host} could not be reached.", "not reached"
    if isinstance(error, _TooLongError):
        return f"The answer is longer than {limits.ANSWER_BYTES_MAX // 1024**2} MiB.", "answer too long"
    if isinstance(error, (_CutOffError, aiohttp.ClientPayloadError, ConnectionError)):
        return "The connection was cut before a whole answer came.", "connection reset"
    if isinstance(error, (aiohttp.InvalidURL, ValueError)):
        return f"{host} is no address that can be called.", "address"
    return f"{host} did not answer in HTTP.", "not HTTP"


def _host(url: str) -> str:
    try:
        return URL(url, encoded=True).host or "The server"
    except ValueError:
        return "The server"


def _fault(begun_s: float, sentence: str, code: str, *, is_timeout: bool = False) -> Answer:
    return Answer(None, "", _since_ms(begun_s), fault=sentence, is_timeout=is_timeout, fault_code=code)


def _since_ms(begun_s: float) -> int:
    return round((clock.monotonic_s() - begun_s) * 1000)


def _masked(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        for form in {secret, quote(secret, safe="")}:
            text = text.replace(form, _MASK)
    return text


def _cut(text: str) -> str:
    if len(text) <= limits.ANSWER_CHARACTERS_MAX:
        return text
    said = f"… (cut, {len(text):,} characters in all)"
    return text[: limits.ANSWER_CHARACTERS_MAX - len(said)] + said

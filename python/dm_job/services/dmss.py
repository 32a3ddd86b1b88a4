"""Documents behind addresses, such as ``dmss://DataSource/$123``.

Where the server's environment has ``DMSS_URL`` they are those of that document store; otherwise what the
server's plugins for addresses read and write (docs/handlers.md).
"""

import base64
import json
import os
import urllib.error
import urllib.parse
import urllib.request

from config import config
from rowmill import host

_SECONDS = 60


def get_document(reference, depth=0, token=None, resolve_links=False, **_more):
    """The document at an address."""
    if not _has_store():
        return host.current.ask("read", {"address": reference}).get("value")
    query = {"depth": depth, "resolve_links": str(bool(resolve_links)).lower()}
    return _ask_store("GET", reference, query, token)


def get_document_by_uid(reference, depth=1, token=None, resolve_links=False, **_more):
    return get_document(reference, depth, token, resolve_links)


def update_document(reference, document, token=None):
    """Writes a document, JSON or what becomes JSON, to an address."""
    text = document if isinstance(document, str) else json.dumps(document)
    if not _has_store():
        content = base64.b64encode(text.encode()).decode()
        host.current.ask("write", {"address": reference, "content": content})
        return json.loads(text)
    return _ask_store("PUT", reference, {"update_uncontained": "false"}, token, {"data": text})


def _has_store():
    return bool(os.getenv("DMSS_URL") or os.getenv("DMSS_API"))


def _ask_store(method, reference, query, token, form=None):
    path = urllib.parse.quote(reference, safe="/:$.[]()-_~")
    url = f"{config.DMSS_URL}/api/documents/{path}?{urllib.parse.urlencode(query)}"
    body = None if form is None else urllib.parse.urlencode(form).encode()
    headers = {"Access-Key": token, "Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
            return json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        said = error.read(2_000).decode("utf-8", "replace")
        raise RuntimeError(f"{method} {url} answered with the HTTP status {error.code}: {said}") from None

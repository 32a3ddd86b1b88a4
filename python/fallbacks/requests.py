"""As much of ``requests`` as handlers of dm-job use, where the machine has none."""

import json as _json
import urllib.error
import urllib.parse
import urllib.request


class RequestException(IOError):
    def __init__(self, *words, response=None):
        super().__init__(*words)
        self.response = response


class HTTPError(RequestException):
    pass


class ConnectionError(RequestException):  # noqa: A001 (as it is called there)
    pass


class Timeout(RequestException):
    pass


class _Exceptions:
    RequestException = RequestException
    HTTPError = HTTPError
    ConnectionError = ConnectionError
    Timeout = Timeout


exceptions = _Exceptions


class Response:
    def __init__(self, answer, url):
        self.status_code = answer.status
        self.reason = answer.reason
        self.headers = answer.headers
        self.content = answer.read()
        self.url = url

    @property
    def ok(self):
        return self.status_code < 400

    @property
    def text(self):
        return self.content.decode(self.headers.get_content_charset("utf-8"), "replace")

    def json(self):
        return _json.loads(self.content)

    def raise_for_status(self):
        if not self.ok:
            message = f"{self.status_code} {self.reason} for url: {self.url}"
            raise HTTPError(message, response=self)


def request(method, url, params=None, data=None, json=None, headers=None, timeout=None):
    if params:
        pairs = {name: value for name, value in dict(params).items() if value is not None}
        url += ("&" if "?" in url else "?") + urllib.parse.urlencode(pairs, doseq=True)
    given = {name: str(value) for name, value in (headers or {}).items() if value is not None}
    if json is not None:
        data = _json.dumps(json).encode()
        given.setdefault("Content-Type", "application/json")
    elif isinstance(data, dict):
        data = urllib.parse.urlencode(data, doseq=True).encode()
    elif isinstance(data, str):
        data = data.encode()
    asked = urllib.request.Request(url, data=data, headers=given, method=method.upper())
    try:
        with urllib.request.urlopen(asked, timeout=timeout) as answer:  # noqa: S310
            return Response(answer, url)
    except urllib.error.HTTPError as answer:
        with answer:
            return Response(answer, url)
    except TimeoutError as error:
        raise Timeout(f"{method.upper()} {url}: {error}") from error
    except urllib.error.URLError as error:
        kind = Timeout if isinstance(error.reason, TimeoutError) else ConnectionError
        raise kind(f"{method.upper()} {url}: {error.reason}") from error


def get(url, params=None, **more):
    return request("get", url, params=params, **more)


def post(url, data=None, json=None, **more):
    return request("post", url, data=data, json=json, **more)


def put(url, data=None, **more):
    return request("put", url, data=data, **more)


def patch(url, data=None, **more):
    return request("patch", url, data=data, **more)


def delete(url, **more):
    return request("delete", url, **more)


def head(url, **more):
    return request("head", url, **more)

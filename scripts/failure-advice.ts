import type { FailureCode } from '../src/core/failure.ts';

/** For people: what is behind each failure, and what can be done. In Markdown, for docs/errors.md; the order of its headings is the order here. */
export const FAILURE_ADVICE = {
  'Finding the server': {
    DNS_NOT_FOUND:
      'A typo in the list, or a site that is gone. If it is every host, this machine cannot look names up: try `getent hosts example.com`. Inside a company the name may exist only with its VPN.',
    DNS_FAILED:
      'The name server did not answer, or answered that it could not find out. It often passes: run the command again. If it stays, `--resolve host:443:address` goes without the name server.',
    CONNECT_REFUSED:
      'The machine is there, and nothing listens on that port. Look at scheme and port in the list: `http://` is port 80, `https://` 443. A firewall may refuse in the same way.',
    CONNECT_TIMEOUT:
      'Nobody answered, which is what many firewalls do instead of refusing. If the server is far away or busy, a larger `--connect-timeout` or a smaller `-c` helps.',
    UNREACHABLE:
      'This machine has no way there: no network, or an IPv6 address where there is only IPv4. Look at `ip route`; where a proxy is needed, give it with `-x`.',
  },
  'While an answer was on its way': {
    CONNECTION_RESET:
      'The server, or something between, cut the connection. Now and then it is normal and the next try succeeds. If it is most pages, ask for fewer at a time (`--per-origin 4`, `--rate 5/s`).',
    CONNECTION_CLOSED:
      'The server closed the connection without a word. As with `CONNECTION_RESET`; a server that does so for one page only has crashed over it.',
    STREAM_RESET:
      'The server ended this one request of an HTTP/2 connection. If it does so always, `--http1.1` may get past what is broken there.',
    RESPONSE_TIMEOUT:
      'The request went out, and no answer began. Pages that are made slowly need a larger `--response-timeout`; a server that is overloaded, a smaller `--per-origin`.',
    STALLED: 'The answer began and then came to a standstill. A larger `--stall-timeout` allows longer silences.',
    MAX_TIME:
      'Your own limit, `--max-time`, counts the whole attempt, redirects included. Make it larger, or leave it out: `--stall-timeout` ends only what does not move.',
    TRUNCATED:
      'Fewer bytes came than were announced, or the end of the body was missing. It is never stored. If it is always the same page, the server announces a wrong length: `curl -v` shows it.',
    CORRUPT_BODY:
      "The body is said to be compressed and cannot be decompressed, or its check does not fit. If it stays so, the server's compression is broken, or a cache's; `curl --compressed` will say the same.",
    NOT_PROCESSED:
      'Connections went down before the server took the request up, more often than may be. The server restarts or drains connections: run the command again later.',
    STREAM_REFUSED:
      'The server allows fewer requests at a time on a connection than it says. `--per-origin` with a small number, or `--http1.1`.',
    SESSION_DIED:
      'An HTTP/2 connection broke with many requests in flight, again and again. `--http1.1` makes each request stand for itself.',
    SERVER_OVERLOADED:
      'The server said in the words of HTTP/2 that it is asked too much. `--rate` with less than it was, or a smaller `--per-origin`.',
    HTTP_1_1_REQUIRED:
      'The server asked for HTTP/1.1 and then did not answer that well either. `--http1.1` from the start shows what it says.',
    PROTOCOL_ERROR:
      'What came is no HTTP: perhaps another service listens there, or the port expects https where the list says http. `curl -v URL` shows what comes.',
    HEADERS_TOO_LARGE:
      'The headers of the answer are larger than what is taken. Mostly it is a server that sets a cookie for everything; it has to be mended there.',
  },
  'What came was not wanted': {
    TOO_LARGE:
      'The body is larger than `--max-filesize`: 1G, or 16M in NDJSON, where a body is held in memory. Allow more, or keep the pages as files, in SQLite or in a WARC.',
    DECOMPRESSION_BOMB:
      'More than 200 times as much came out as had come in, past 10 MB. Nothing allows it; if you trust the page, fetch that one with `curl --compressed`.',
    BLOCKED_ADDRESS:
      'The host has a private, loopback or link-local address, and you asked with `--block-private` that none is contacted. If it is yours, run the list without it.',
  },
  'TLS and certificates': {
    TLS_UNTRUSTED:
      'The certificate is signed by nobody that is trusted here. If it is your own authority, name it with `--cacert file.pem`, or besides the usual ones with `NODE_EXTRA_CA_CERTS=file.pem`. If the server does not send the certificates between, have that mended. `-k` believes anybody, and is for tests only.',
    TLS_EXPIRED:
      "The certificate has run out, or is not valid yet. Look at this machine's clock first (`date`); else the site has to renew it.",
    TLS_WRONG_HOST:
      'The certificate is for another name: the list names an address or an alias, or the site is set up wrongly. Use the name that stands in the certificate, with `--resolve` if it has to be a certain machine.',
    TLS_FAILED:
      'No common version or cipher, or a client certificate is asked for: give it with `--cert` and `--key`. Or the port speaks no TLS at all.',
  },
  Proxies: {
    PROXY_FAILED:
      "The proxy is not there, or broke off. Look at `-x` and at `http_proxy`, `https_proxy` and `all_proxy` in the surroundings; `--proxy ''` uses none.",
    PROXY_REFUSED:
      'The proxy wants a name and a password (`http://name:password@host:port`), or does not allow this host.',
  },
  Redirects: {
    TOO_MANY_REDIRECTS:
      'Mostly a circle: the site wants a cookie that is not there. Give it with `-b`, or list the URL that it leads to. Else allow more with `--max-redirs`.',
    REDIRECT_INVALID:
      'The server redirects to nowhere. There is nothing to follow; `--max-redirs 0 --accept 300-399` keeps the answer itself.',
    REDIRECT_SCHEME:
      'It leads to an app or a mail program, not to a page. `--max-redirs 0 --accept 300-399` keeps the answer itself.',
    REDIRECT_DOWNGRADE:
      'Your credentials or headers would go over an open line. List the URL that it leads to; if that has to be http, without the credentials.',
  },
  'The origin as a whole': {
    THROTTLED:
      'This page is refused while others are not: perhaps it costs more, or a quota of its own is used up. Ask for it later, alone.',
    ORIGIN_SILENT:
      'All its pages are left out from there on. Run the command again later: it asks for those only. A larger `--patience` waits longer.',
    ORIGIN_UNREACHABLE:
      'Its first page failed in all its tries, and the rest was not asked for. The reason is that of the first page; see above. Run the command again when the host is there.',
    ORIGIN_ASKS_TOO_LONG:
      'A quota is used up, often that of a day. The message says when to come back: run the same command then, or allow the wait with a larger `--max-wait`.',
  },
  'This machine, and the list': {
    INVALID_LINE:
      'The message says why, and where: `urls.txt:5`. Mend the line and run the command again. A URL needs its `https://`; a line of JSON needs `url`.',
    LOCAL_RESOURCES: 'No more descriptors, ports or memory. `ulimit -n 4096` before the command, or a smaller `-c`.',
    ABORTED: 'The run was stopped while the page was on its way. It has no record, and the next run asks for it.',
  },
} as const satisfies Readonly<Record<string, Readonly<Partial<Record<FailureCode, string>>>>>;

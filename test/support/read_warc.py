#!/usr/bin/env python3
"""Reads a WARC file with nothing but Python's standard library, checks every record, and prints what it found as JSON.

    read_warc.py FILE [--payloads]

It shares no code with the program that wrote the file. What is not as it has to be is in "problems"; a gzip member that holds anything
else than exactly one record is a problem, too. With --payloads each record's payload is told in base64, as it is and decoded.
"""

import base64
import gzip
import hashlib
import json
import re
import sys
import uuid
import zlib

MANDATORY = ("WARC-Type", "WARC-Record-ID", "WARC-Date", "Content-Length")
NEEDS_TARGET = ("response", "request", "resource", "revisit", "conversion", "continuation")
DATE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$")
REPEATABLE = ("WARC-Concurrent-To", "WARC-Protocol")


def members(data):
    """Each gzip member, or the whole where it is not compressed: offset, length, content."""
    if data[:2] != b"\x1f\x8b":
        yield 0, len(data), data
        return
    at = 0
    while at < len(data):
        inflater = zlib.decompressobj(wbits=31)
        content = inflater.decompress(data[at:])
        if not inflater.eof:
            raise ValueError(f"the member at {at} is cut")
        length = len(data) - at - len(inflater.unused_data)
        yield at, length, content
        at += length


def fields_of(lines, problems, where):
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            problems.append(f"{where}: not a header line: {line!r}")
            continue
        fields.append((name, value.strip()))
    return fields


def first(fields, name, otherwise=None):
    return next((value for key, value in fields if key.lower() == name.lower()), otherwise)


def check_digest(told, data, problems, where):
    algorithm, _, value = told.partition(":")
    digest = hashlib.new(algorithm.replace("-", ""), data)
    if value not in (base64.b32encode(digest.digest()).decode().rstrip("="), digest.hexdigest()):
        problems.append(f"{where} is {told}, and the bytes say otherwise")


def decoded(fields, payload):
    coding = (first(fields, "content-encoding") or "identity").lower()
    if coding == "gzip":
        return gzip.decompress(payload)
    if coding == "deflate":
        return zlib.decompress(payload)
    return payload if coding == "identity" else None


def read_record(content, at, problems, payloads):
    """The record that content begins with, and how many bytes of it that is."""
    head_end = content.index(b"\r\n\r\n")
    lines = content[:head_end].decode("utf-8").split("\r\n")
    where = f"record at {at}"
    if lines[0] != "WARC/1.1":
        problems.append(f"{where}: begins with {lines[0]!r}")
    fields = fields_of(lines[1:], problems, where)
    names = [name for name, _ in fields]
    for name in set(names):
        if names.count(name) > 1 and name not in REPEATABLE:
            problems.append(f"{where}: {name} stands there {names.count(name)} times")
    for name in MANDATORY:
        if first(fields, name) is None:
            problems.append(f"{where}: no {name}")
    kind = first(fields, "WARC-Type", "")
    where = f"{kind} at {at}"
    length = int(first(fields, "Content-Length", "0"))
    block = content[head_end + 4 : head_end + 4 + length]
    end = head_end + 4 + length + 4
    if len(block) < length or content[end - 4 : end] != b"\r\n\r\n":
        problems.append(f"{where}: Content-Length {length} does not lead to the record's end")
    if not DATE.match(first(fields, "WARC-Date", "")):
        problems.append(f"{where}: WARC-Date {first(fields, 'WARC-Date')}")
    for name in ("WARC-Record-ID", "WARC-Concurrent-To", "WARC-Refers-To", "WARC-Warcinfo-ID"):
        value = first(fields, name)
        if value is not None:
            uuid.UUID(re.fullmatch(r"<urn:uuid:(.*)>", value).group(1))
    if kind in NEEDS_TARGET and not re.match(r"^https?://[\x21-\x7e]+$", first(fields, "WARC-Target-URI", "")):
        problems.append(f"{where}: WARC-Target-URI {first(fields, 'WARC-Target-URI')}")
    if first(fields, "WARC-Block-Digest"):
        check_digest(first(fields, "WARC-Block-Digest"), block, problems, f"{where}: WARC-Block-Digest")

    record = {"offset": at, "type": kind, "fields": dict(fields), "protocols": [v for n, v in fields if n == "WARC-Protocol"]}
    payload = block
    if first(fields, "Content-Type", "").startswith("application/http"):
        http_end = block.index(b"\r\n\r\n")
        http = block[:http_end].decode("latin-1").split("\r\n")
        http_fields = fields_of(http[1:], problems, f"{where}: HTTP head")
        payload = block[http_end + 4 :]
        record.update(start=http[0], headers=http_fields, payloadBytes=len(payload))
        if kind == "response" and not re.fullmatch(r"HTTP/1\.1 \d{3} [ -~]+", http[0]):
            problems.append(f"{where}: status line {http[0]!r}")
        if first(http_fields, "transfer-encoding") is not None:
            problems.append(f"{where}: transfer-encoding on a body without it")
        told = first(http_fields, "content-length")
        if kind == "response" and payload and told != str(len(payload)):
            problems.append(f"{where}: content-length {told} of {len(payload)} bytes")
        if payloads:
            record["payload"] = base64.b64encode(payload).decode()
            whole = kind == "response" and "WARC-Truncated" not in dict(fields)
            plain = decoded(http_fields, payload) if whole else None
            if plain is not None:
                record["decoded"] = base64.b64encode(plain).decode()
    elif first(fields, "Content-Type") == "application/warc-fields":
        record["info"] = dict(fields_of(block.decode("utf-8").rstrip("\r\n").split("\r\n"), problems, where))
        if kind == "metadata":
            record["json"] = json.loads(record["info"]["fetch-pages-record"])
    if first(fields, "WARC-Payload-Digest") and kind != "revisit":
        check_digest(first(fields, "WARC-Payload-Digest"), payload, problems, f"{where}: WARC-Payload-Digest")
    return record, end


def main(path, payloads):
    with open(path, "rb") as file:
        data = file.read()
    records, problems, seen = [], [], set()
    try:
        for offset, length, content in members(data):
            at = 0
            while at < len(content):
                record, end = read_record(content[at:] if at else content, offset + at, problems, payloads)
                record["length"] = end if length == len(content) else length
                if data[:2] == b"\x1f\x8b" and end != len(content):
                    problems.append(f"the member at {offset} holds more than one record")
                if record["fields"].get("WARC-Record-ID") in seen:
                    problems.append(f"record at {offset}: its id stands there twice")
                seen.add(record["fields"].get("WARC-Record-ID"))
                records.append(record)
                at += end
    except (ValueError, AttributeError, zlib.error) as error:
        problems.append(f"cannot be read: {error}")
    for record in records:
        for name in ("WARC-Concurrent-To", "WARC-Warcinfo-ID"):
            if name in record["fields"] and record["fields"][name] not in seen:
                problems.append(f"{record['type']} at {record['offset']}: {name} leads nowhere")
    json.dump({"records": records, "problems": problems}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], "--payloads" in sys.argv[2:])

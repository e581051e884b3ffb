#!/usr/bin/env python3
"""Writes the seed corpus below fuzz/seeds: `python3 fuzz/seeds.py`. Everything in it is made up here.

Parts of an input (answers, entries, rows) are separated by the byte 0x1e, cells of a row by 0x1f; see the targets.
"""

import json
import pathlib
import struct
import zlib

HERE = pathlib.Path(__file__).parent / "seeds"
PART = b"\x1e"
CELL = b"\x1f"


def put(target, name, content):
    folder = HERE / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def rows(*rows, **more):
    return json.dumps({"@recordsetCount": len(rows), "value": list(rows), **more}).encode()


def refusal(code, number, message="No.", description=""):
    detail = {"code": code, "number": number, "message": message, "description": description}
    return json.dumps({"error": {"code": code, "message": message, "details": [detail]}}).encode()


def avatax():
    put("avatax_answer", "created", b'a[{"id":1,"customerCode":"C1"}]')
    put("avatax_answer", "html", b"g<html><body>Bad gateway</body></html>")
    put("avatax_answer", "empty", b"f")
    for at, (status, code, number) in enumerate([
        ("b", "ValueRequiredError", 5), ("b", "DuplicateEntry", 193), ("c", "AuthenticationException", 30),
        ("d", "AuthorizationException", 31), ("e", "EntityNotFoundError", 4), ("b", "CertificatesNotSetup", 1205),
        ("b", "RequestLimitExceeded", 1715), ("h", "ServerUnreachable", 50),
    ]):
        put("avatax_answer", f"refusal-{at}", status.encode() + refusal(code, number))
    wrapped = json.dumps({"success": False, "code": "1", "error": {"pdf": ["Not a PDF."]}}) + "."
    put("avatax_answer", "wrapped", b"b" + refusal("CertificatesError", 1203, "failed", wrapped))
    ping = json.dumps({"version": "26.6.0", "authenticated": True, "authenticationType": "UsernamePassword"}).encode()
    company = rows({"id": 7, "companyCode": "DEFAULT", "name": "Example Supply"})
    setup = b'{"status":"Provisioned"}'
    customers = rows({"id": 1, "customerCode": "C1", "name": "A", "line1": 9}, {"id": 2, "customerCode": "C'3"})
    certificates = rows({"id": 5, "filename": "C1", "exposureZone": {"id": 3, "region": "WA"},
                         "signedDate": "2026-01-02", "expirationDate": "2027-01-02", "pdf": "x"})
    invitations = rows({"id": 8, "customerCode": "C1", "emailStatus": "Sent", "exposureZones": [1, 2]})
    zones = rows({"id": 3, "name": "Washington", "region": "WA", "country": "US"})
    reasons = rows({"id": 71, "name": "RESALE"})
    answers = [[ping], [company], [setup], [customers], [certificates], [invitations], [certificates],
               [customers, b"e"], [b'{"status":"Exempt"}', b'{"status":"Taxable"}'], [certificates],
               [zones, reasons], [ping, company, setup, b"b" + refusal("ValueRequiredError", 5)]]
    for call, parts in enumerate(answers):
        put("avatax_calls", f"call-{call:02}", bytes([call]) + PART.join(parts))
        put("avatax_calls", f"busy-{call:02}", bytes([call]) + PART.join([b"f", b"h12", *parts, b"k", b"j"]))
    page = json.dumps({"@recordsetCount": 150, "value": [{"id": at} for at in range(100)]}).encode()
    rest = json.dumps({"@recordsetCount": 150, "value": [{"id": at} for at in range(100, 150)]}).encode()
    put("avatax_calls", "two-pages", b"\x06" + page + PART + rest)
    put("avatax_calls", "uncounted", b"\x0a" + b'{"value":[]}')


def erp():
    party = ('<Party partyId="P1" statusId="PARTY_ENABLED"/><PartyGroup partyId="P1" groupName="Example &amp; Sons"/>'
             '<PartyRole partyId="P1" roleTypeId="CUSTOMER"/><ContactMech contactMechId="1" '
             'contactMechTypeId="EMAIL_ADDRESS" infoString="a@example.com"/><PartyContactMech partyId="P1" '
             'contactMechId="1" fromDate="2020-01-01 00:00:00.0"/><PostalAddress contactMechId="2" attnName="A" '
             'address1="1 Main St" city="Logan" stateProvinceGeoId="UT" postalCode="84321" countryGeoId="USA"/>'
             '<PartyContactMech partyId="P1" contactMechId="2"/><PartyContactMechPurpose partyId="P1" '
             'contactMechId="2" contactMechPurposeTypeId="BILLING_LOCATION"/><TelecomNumber contactMechId="3" '
             'countryCode="1" areaCode="801" contactNumber="555-0100"/><PartyContactMech partyId="P1" '
             'contactMechId="3"/><PartyTaxAuthInfo partyId="P1" taxAuthGeoId="USA_UT" taxAuthPartyId="T" '
             'fromDate="2020-01-01 00:00:00.0" thruDate="2030-01-01" isExempt="Y" partyTaxId="12-3"/>')
    person = '<Person partyId="P2" firstName="Ann" lastName="Example"/><PartyRole partyId="P2" roleTypeId="CUSTOMER"/>'
    put("erp_ofbiz", "customers", f"<?xml version='1.0'?>\n<entity-engine-xml>\n{party}\n{person}\n</entity-engine-xml>")
    put("erp_ofbiz", "own", '<entity-engine-xml><PartyRole partyId="X" roleTypeId="INTERNAL_ORGANIZATIO"/>'
        '<!-- none --><![CDATA[x]]></entity-engine-xml>')
    put("erp_ofbiz", "doctype", '<!DOCTYPE a [<!ENTITY x "y">]><entity-engine-xml>&x;</entity-engine-xml>')
    put("erp_ofbiz", "cut", "<entity-engine-xml>\n<Party partyId='P'")
    customer = ("<Customer><Id>1</Id><SyncToken>3</SyncToken><DisplayName>Example &#38; Sons</DisplayName>"
                "<GivenName>Ann</GivenName><FamilyName>Example</FamilyName><Active>true</Active><Taxable>false</Taxable>"
                "<TaxExemptionReasonId>9</TaxExemptionReasonId><ResaleNum>12-3</ResaleNum>"
                "<PrimaryEmailAddr><Address>a@example.com</Address></PrimaryEmailAddr>"
                "<BillAddr><Line1>1 Main St</Line1><City>Logan</City><CountrySubDivisionCode>UT</CountrySubDivisionCode>"
                "<PostalCode>84321</PostalCode></BillAddr><ShipAddr><Line1>1 Main St</Line1></ShipAddr></Customer>")
    put("erp_quickbooks", "query", f"<IntuitResponse><QueryResponse>{customer}</QueryResponse></IntuitResponse>")
    put("erp_quickbooks", "versions", f"<R><QueryResponse>{customer}<Customer status='Deleted'><Id>1</Id></Customer>"
        "<Customer><Id>2</Id><![CDATA[ x ]]></Customer></QueryResponse></R>\n<R><Customer/></R>")
    put("erp_quickbooks", "fault", "<IntuitResponse><Fault/></IntuitResponse>")
    cells = [b"1", b"C1", b"T1", b"Example", b"active", b"a@example.com", b"555", b"", b"Ann", b"12", b"0", b"EXEMPT",
             b"N-1", b"R-1", b"resale", b"G", b"9"]
    sql = [b"\x00" + CELL.join(cells), b"\x01" + CELL.join([b"1", b"bill-to,main", b"1 Main St", b"", b"Logan", b"UT"]),
           b"\x02" + CELL.join([b"1", b"1", b"US", b"UT", b"r", b"G", b"N", b"2020-01-01", b"2030-12-31"]),
           b"\x03" + CELL.join([b"1", b"a.pdf"]), b"\x00" + CELL.join([b"\x01\x02", b"\x00blob", b"\x02\x03"])]
    put("erp_sql", "rows", PART.join(sql))
    put("erp_sql", "odd", PART.join([b"\x00" + b"2" + CELL + b"x", b"\x02" + CELL.join([b"2", b"maybe"])]))
    put("query_pack", "small", 'product = "Mine"\nexempt-codes = ["E"]\n[fields]\nresale-number = "resale"\n[statements]\n'
        'customers = "SELECT id FROM c WHERE :after IS NULL LIMIT :limit"\ncustomers-by-id = """\nSELECT id FROM c"""\n')
    put("query_pack", "wrong", 'product = 1\nstatments = "x"\n')


CONFIG = """component = "x.wasm"
[reader]
mode = "native"
engine = "none"
threads = 2
deadline-seconds = 60
[tenants.main]
base-url = "https://sandbox-rest.avatax.com"
company-code = "DEFAULT"
company-id = 7
data-dir = "data"
window = 8
seller-names = ["Example Supply Inc."]
terms = [{ state = "GA", reason = "G", months = 36 }]
[tenants.main.credentials]
account = "2000000000"
license-key-env = "KEY"
[tenants.main.erp]
kind = "sqlite"
path = "erp.sqlite"
queries = "my.toml"
[tenants.main.documents]
folder = "certificates"
attachments = false
"""


def host():
    put("config", "whole", CONFIG)
    put("config", "stand-in", CONFIG.replace("https://sandbox-rest.avatax.com", "http://127.0.0.1:8080/")
        .replace("company-id = 7", "allow-loopback = true").replace('license-key-env = "KEY"', 'license-key-command = ["pass", "x"]'))
    put("config", "secret", CONFIG.replace('license-key-env = "KEY"', 'license-key = "kept-secret-4711"'))
    put("config", "bearer", CONFIG.replace('account = "2000000000"\nlicense-key-env', "token-file"))
    put("config", "xml", CONFIG.replace('"sqlite"', '"ofbiz"').replace('queries = "my.toml"\n', ""))
    base = "https://avatax.example.com/api/v2"
    own = rows({"id": 7, "companyCode": "Default"}, {"id": 9, "companyCode": "OTHER"})
    for at, (rule, method, target) in enumerate([
        ("GET,POST https://avatax.example.com:443/api/v2/companies/{company}/customers", "GET", "/utilities/ping"),
        ("GET http://127.0.0.1/x/{word}", "POST", "/companies/7/customers"),
        ("PUT https://[::1]:8443/{code}/{id}", "PUT", "/companies/7/customers/C%2F2%20%C3%BC"),
        ("get https://*.example.com/", "GET", "/companies/8/certificates/1"),
        ("GET https://a/../b", "GET", "/companies/7/customers/%252e%252e/certificates"),
        ("GET https://a:b/", "POST", "/companies/7/certificates/1/attachment?x=y"),
    ]):
        put("egress", f"request-{at}", PART.join([rule.encode(), method.encode(), (base + target).encode(), own]))
    put("corrections", "one", "state=tx\nnumber=3-20451-8876-2\nreason=g\nsigned=2026-03-14\nexpires=2030-01-01")
    put("corrections", "many", "number.wi=456-1\nnumber.mn=7\nreason=A\nsigned=2026-11-22\nplace=Sturgeon Bay, WI 54235-1107")
    put("corrections", "more", "percentage=62.5 %\norder=PO=7\neffective=2026-01-01\nseller=Example\npurchaser=Ä GmbH\nstreet=1 Main")
    word = {"text": "Example", "area": {"left": 1.0, "top": 2.0, "right": 30.5, "bottom": 9.0}, "confidence": 0.9,
            "source": "Recognition"}
    page = {"width": 612.0, "height": 792.0, "words": [word], "marks": [], "turned": -0.3}
    entry = {"format": 1, "document": "d1", "reader": "reader 1"}
    put("readings", "reading", json.dumps({**entry, "outcome": {"Ok": {"pages": [page], "fields": [], "reader": "r"}}}))
    put("readings", "finding", json.dumps({**entry, "outcome": {"Err": {"Unreadable": "empty"}}}))
    put("component", "empty-component", b"\0asm\x0d\0\x01\0")
    put("component", "module", b"\0asm\x01\0\0\0")
    # An import of an instance that nobody offers.
    name = b"wasi:sockets/tcp@0.2.0"
    types = b"\x07\x03\x01\x42\x00"
    imports = bytes([len(name)]) + name
    put("component", "import", b"\0asm\x0d\0\x01\0" + types + b"\x0a" + bytes([len(imports) + 4]) + b"\x01\x00" + imports
        + b"\x05\x00")
    put("component", "nested", b"\0asm\x0d\0\x01\0" + b"\x01\x08\0asm\x01\0\0\0" + b"\x00\x04name")


def entry(kind, operation, state, plan, key, customer, /, **body):
    return bytes([kind, operation, state]) + "\n".join([plan, key, customer, json.dumps(body)]).encode()


def journal():
    header = entry(0, 0, 5, "", "", "", option="sync", company_id=7, base_url="https://avatax.example.com", settings="s")
    item = entry(1, 3, 5, "1", "C1", "C1", decision="create", id="1", name="Example", row="ab", fields=[["a", "b", "c"]],
                 zones=[1, 2])
    ready = entry(2, 0, 5, "1", "sha256:0", "", writes=1, decisions=[{"decision": "create", "count": 1}])
    approval = entry(3, 0, 5, "1", "sha256:0", "", approved_by="Ann Example")
    intent = entry(4, 3, 5, "1", "C1", "C1")
    done = entry(5, 3, 0, "1", "C1", "C1", id="1", name="Example", avatax_id=9)
    put("journal", "run", PART.join([header, item, ready, approval, intent, done]))
    review = entry(6, 5, 5, "", "ab#1", "", verdict="accept", by="Ann", reason="seen", set={"state": "WI"}, customer="C1")
    certificate = entry(1, 5, 5, "1", "ab#1", "C1", decision="upload", document="a.pdf", sha256="ab", page_count=1,
                        certificate={"state": "WI", "findings": [{"rule": "x", "severity": "review"}]})
    header = entry(0, 1, 5, "", "", "", option="both", company_id=7, base_url="https://a", settings="")
    invited = entry(5, 8, 4, "1", "C1", "C1", detail="nobody knows", link="https://a", invitation="InProgress")
    put("journal", "certificates", PART.join([header, certificate, review, entry(4, 8, 5, "1", "C1", "C1"), invited]))
    put("journal", "odd", PART.join([entry(5, 2, 3, "0", "", ""), b"\x01\x00\x05999\nk\nc\n{\"decision\":7}", b"4711:" + b"9f" * 32]))


FORM = """Streamlined Sales Tax Certificate of Exemption
Do not send this form to the Streamlined Sales Tax Governing Board.

[ ] Single purchase certificate | [x] Blanket certificate
Purchaser's name | Blue Heron Marine Supply LLC
Business address | 4821 Harborview Drive, Sturgeon Bay, WI 54235-1107
Name of seller from whom you are purchasing | Example Supply Inc.
[x] 10 Retail trade
[ ] F Religious organization
[x] G Resale
State | Identification number
WI | 456-1020058817-03
MN | 1234567
Signature of authorized purchaser | /s/ Martha Quillen ~~
Print name | Martha Quillen
Date | March 14, 2026
"""
TEXAS = """Texas Sales and Use Tax Resale Certificate
Name of purchaser, firm or agency as shown on permit | Ironwood Tool LLC
Address (Street & number, P.O. Box or Route number) | 9 Mill Road
City, State, ZIP code | Austin, TX 78701
Texas Sales and Use Tax Permit Number (must contain 11 digits) | 3-20451-8876-2
Seller: | Example Supply Inc.
Description of items to be purchased on the attached order or invoice: | Tools
Purchaser | /s/ A. Person | Date | 3/14/2026
"""


def plugin():
    put("understand", "multi-state", FORM)
    put("understand", "texas", TEXAS)
    put("understand", "two", FORM + "\f" + TEXAS)
    put("understand", "fields", "Certificate of Exemption\nPurchaser := Example LLC\nResale := on\nDate := 2026-01-02\n")
    put("understand", "letter", "Department of Revenue\n1 Capitol Square\nHarrisburg, PA 17128\n\nMay 5, 2025\n\n"
        "Saint Brendan Food Pantry\n66 West Chestnut Street\nLancaster, PA 17603\n\nis exempt from sales tax. "
        "Exemption number 75-123456\nSincerely\nA. Clerk\n")
    for at, line in enumerate(["03/14/2026", "March 12, 2026\n12 Mar 2026", "SR KHO 100-482915 (must be current)",
                               "4821 Harborview Drive, Sturgeon Bay, WI 54235-1107\nx", "State of Ohio\nohio", "usa\nUS-GA",
                               "Heron Marine LLC d/b/a The Dock Shop\nThe Dock Shop, L.L.C.", "P.O. Box 7\nPO BOX 7"]):
        put("values", f"line-{at}", line)


def pdf(objects, extra=b""):
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % at for at in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, extra, start)
    return bytes(out)


def stream(content, extra=b""):
    return b"<< /Length %d %s>>\nstream\n%s\nendstream" % (len(content), extra, content)


def documents():
    content = b"BT /F 12 Tf 20 150 Td (Resale Certificate) Tj 0 -20 Td (Date 3/14/2026) Tj ET 20 20 10 10 re S"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> " \
           b"/XObject << /I 6 0 R >> >> %s>>"
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    image = stream(bytes(range(0, 256, 4)), b"/Type /XObject /Subtype /Image /Width 8 /Height 8 /BitsPerComponent 8 "
                   b"/ColorSpace /DeviceGray ")
    pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    root = b"<< /Type /Catalog /Pages 2 0 R %s>>"
    put("pdf", "text", pdf([root % b"", pages, page % b"", stream(content), font, image]))
    packed = stream(zlib.compress(content), b"/Filter /FlateDecode ")
    field = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Example) /Rect [20 100 120 120] /P 3 0 R >>"
    put("pdf", "field", pdf([root % b"/AcroForm << /Fields [7 0 R] >> ", pages, page % b"/Annots [7 0 R] ", packed, font, image,
                             field]))
    put("pdf", "scan", pdf([root % b"", pages, page % b"/Rotate 90 ", stream(b"200 0 0 200 0 0 cm /I Do"), font, image]))
    put("pdf", "encrypted", pdf([root % b"", pages, page % b"", stream(content), font, image], b"/Encrypt << /V 1 >> "))
    put("pdf", "loop", pdf([root % b"", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"]))
    put("pdf", "cut", pdf([root % b"", pages, page % b"", stream(content), font, image])[:400])

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    side = 48
    grey = b"".join(b"\0" + bytes(255 if x % 9 or y % 7 else 0 for x in range(side)) for y in range(side))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    put("picture", "grey.png", png + chunk(b"pHYs", struct.pack(">IIB", 5906, 5906, 1)) + chunk(b"IDAT", zlib.compress(grey))
        + chunk(b"IEND", b""))
    put("picture", "huge.png", png.replace(struct.pack(">II", side, side), struct.pack(">II", 60000, 60000), 1))

    def tiff(tags, data, order="<"):
        head = b"II*\0" if order == "<" else b"MM\0*"
        at = 8 + len(data)
        body = b"".join(struct.pack(order + "HHII" if kind != 3 or order == "<" else ">HHIHxx", tag, kind, 1, value)
                        for tag, kind, value in tags)
        return head + struct.pack(order + "I", at) + data + struct.pack(order + "H", len(tags)) + body + bytes(4)

    raw = bytes((x * y) % 251 for y in range(side) for x in range(side))
    tags = lambda bits, packing, count: [(256, 3, side), (257, 3, side), (258, 3, bits), (259, 3, packing), (262, 3, 1),
                                         (273, 4, 8), (277, 3, 1), (278, 3, side), (279, 4, count)]
    put("picture", "grey.tif", tiff(tags(8, 1, len(raw)), raw))
    bits = bytes([0xaa, 0x0f, 0, 0xff, 1, 2]) * side
    put("picture", "fax.tif", tiff(tags(1, 4, len(bits)), bits))
    put("picture", "big-endian.tif", tiff(tags(8, 1, len(raw)), raw, ">"))
    packed = zlib.compress(raw)
    put("picture", "deflate.tif", tiff(tags(8, 8, len(packed)), packed))
    put("picture", "loop.tif", b"II*\0\x08\0\0\0\0\0\x08\0\0\0")
    # A JPEG of one grey tone: all its tables are the shortest that can be.
    quant = b"\xff\xdb\x00\x43\x00" + bytes([1] * 64)
    frame = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", side, side) + b"\x01\x01\x11\x00"
    dc = b"\xff\xc4\x00\x14\x00" + bytes([1] + [0] * 15) + b"\x00"
    ac = b"\xff\xc4\x00\x14\x10" + bytes([1] + [0] * 15) + b"\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + bytes(9)
    put("picture", "grey.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\x01\x00\x96\x00\x96\0\0" + quant + frame + dc + ac + scan
        + b"\xff\xd9")
    put("picture", "zip", b"PK\x03\x04 not a document")


avatax()
erp()
host()
journal()
plugin()
documents()

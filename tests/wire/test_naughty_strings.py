"""The Big List of Naughty Strings through every text field: each comes back as section 2 trims it,
byte for byte, or is refused where section 2 refuses it. What is expected is worked out here, from
Python's own Unicode data.
"""
import secrets
import unicodedata
import urllib.parse

import pytest

from data import naughty_strings
from http_client import at_once

STRINGS = naughty_strings()

# Unicode's property White_Space.
WHITE_SPACE = "".join(
    map(
        chr,
        [
            *range(0x09, 0x0E),
            0x20,
            0x85,
            0xA0,
            0x1680,
            *range(0x2000, 0x200B),
            0x2028,
            0x2029,
            0x202F,
            0x205F,
            0x3000,
        ],
    )
)


class Refused(Exception):
    """Section 2 doesn't take this text."""


def as_stored(text, longest, lines=False, needed=False):
    """What section 2 makes of a text: itself trimmed, None for an empty one, or Refused."""
    text = text.strip(WHITE_SPACE)
    if lines:
        text = text.replace("\r\n", "\n")
    allowed = "\n\t" if lines else ""
    if (
        len(text) > longest
        or (needed and not text)
        or any(unicodedata.category(c) == "Cc" and c not in allowed for c in text)
    ):
        raise Refused
    return text or None


class Fields:
    """How each text field is written and read back; a method gives the answer of the write and,
    where it was taken, the text that came back."""

    def __init__(self, admin):
        self.admin = admin
        self.product = admin.product(stock=100000)["id"]
        self.order = admin.post(
            "/api/orders",
            {"customerName": "A", "items": [{"productId": self.product, "quantity": 1}]},
        ).json["id"]
        self.user = admin.post(
            "/api/users",
            {
                "username": secrets.token_hex(8),
                "name": "A",
                "role": "staff",
                "password": secrets.token_hex(12),
            },
        ).json["id"]

    def give_back(self):
        """What has to be unique is free again."""
        self.admin.patch(f"/api/products/{self.product}", {"sku": None})
        self.admin.delete(f"/api/users/{self.user}")

    def change(self, path, field, text):
        """Through PATCH, and back by a GET of its own."""
        answer = self.admin.patch(path, {field: text})
        return answer, answer.status == 200 and self.admin.get(path).json[field]

    def product_name(self, text):
        return self.change(f"/api/products/{self.product}", "name", text)

    def product_sku(self, text):
        return self.change(f"/api/products/{self.product}", "sku", text)

    def product_category(self, text):
        return self.change(f"/api/products/{self.product}", "category", text)

    def product_description(self, text):
        return self.change(f"/api/products/{self.product}", "description", text)

    def order_customer_name(self, text):
        return self.change(f"/api/orders/{self.order}", "customerName", text)

    def order_notes(self, text):
        return self.change(f"/api/orders/{self.order}", "notes", text)

    def user_name(self, text):
        return self.change(f"/api/users/{self.user}", "name", text)

    def user_username(self, text):
        return self.change(f"/api/users/{self.user}", "username", text)

    def adjustment_reason(self, text):
        answer = self.admin.post(
            f"/api/products/{self.product}/adjustments", {"delta": 1, "reason": text}
        )
        return answer, answer.status == 201 and answer.json["reason"]

    def token_name(self, text):
        answer = self.admin.post("/api/auth/tokens", {"name": text})
        return (
            answer,
            answer.status == 201 and self.admin.get(answer.headers["Location"]).json["name"],
        )

    def new_product_name(self, text):
        answer = self.admin.post(
            "/api/products", {"name": text, "stock": 0, "minStock": 0, "price": 0}
        )
        return (
            answer,
            answer.status == 201 and self.admin.get(answer.headers["Location"]).json["name"],
        )


# Field, longest, with lines, never empty.
FIELDS = [
    ("product_name", 200, False, True),
    ("product_sku", 100, False, False),
    ("product_category", 100, False, False),
    ("product_description", 10000, True, False),
    ("order_customer_name", 200, False, True),
    ("order_notes", 10000, True, False),
    ("user_name", 200, False, True),
    ("user_username", 200, False, True),
    ("adjustment_reason", 200, False, True),
    ("token_name", 200, False, True),
    ("new_product_name", 200, False, True),
]


def try_every_string(admin, field, longest, lines, needed):
    """What went wrong with a field, and how many strings it took."""
    fields, wrong, taken = Fields(admin), [], 0
    for text in STRINGS:
        answer, back = getattr(fields, field)(text)
        try:
            expected = as_stored(text, longest, lines, needed)
        except Refused:
            if (answer.status, answer.code) != (400, "VALIDATION_ERROR"):
                wrong.append(f"{text!r}: should be refused, is {answer}")
            continue
        taken += 1
        if answer.status not in (200, 201) or back != expected:
            wrong.append(f"{text!r}: should be {expected!r}, is {back!r} ({answer.status})")
    fields.give_back()
    return wrong, taken


@pytest.fixture(scope="module")
def outcomes(admin):
    """Every field's outcome: all of them at once, since most of the time is the disk's."""
    found = at_once([lambda row=row: try_every_string(admin, *row) for row in FIELDS])
    return {row[0]: outcome for row, outcome in zip(FIELDS, found)}


@pytest.mark.parametrize("field", [row[0] for row in FIELDS])
def test_keeps_or_refuses_every_naughty_string(outcomes, field):
    wrong, taken = outcomes[field]
    assert not wrong, "\n".join(wrong)
    assert taken > 400


def test_finds_a_product_by_every_naughty_string(admin):
    mark = secrets.token_hex(4)
    product = admin.product(category=mark)["id"]
    wrong = []
    for text in STRINGS[::4]:
        try:
            admin.patch(f"/api/products/{product}", {"name": as_stored(text, 200, needed=True)})
        except Refused:
            continue
        query = urllib.parse.urlencode({"search": text, "category": mark, "limit": 10})
        found = admin.get(f"/api/products?{query}")
        if found.status != 200 or [row["id"] for row in found.json] != [product]:
            wrong.append(f"{text!r}: {found}")
    assert not wrong, "\n".join(wrong)


def test_answers_every_naughty_string_as_a_search(admin):
    for path in ("/api/products", "/api/orders"):
        for text in STRINGS:
            answer = admin.get(f"{path}?{urllib.parse.urlencode({'search': text, 'limit': 1})}")
            try:
                as_stored(text, 200)
            except Refused:
                assert answer.status == 400 and "search" in answer.json["details"], answer
            else:
                assert answer.status == 200 or not text.strip(WHITE_SPACE), answer


HOSTILE = '\\"quoted\\" \u2028 </script> \'; drop table products -- {{order.id}} %s ,"id":7} Ünï'


@pytest.mark.parametrize("missing", [False, True])
def test_an_object_alone_is_its_row_in_the_list_letter_by_letter(admin, missing):
    """PostgreSQL writes the one, the program the other, a page by a kept plan, by a new one and as a stream."""
    name = HOSTILE + secrets.token_hex(6)
    some = {} if missing else {"sku": "S" + name, "category": name, "description": name}
    product = admin.product(name=name, stock=3, price=2.5, minStock=7, **some)["id"]
    order = {"customerName": name, "items": [{"productId": product, "quantity": 1.25}]}
    if not missing:
        order.update(customerEmail=secrets.token_hex(6) + "@example.com", notes=name, assignedTo=admin.user_id)
    placed = admin.post("/api/orders", order)
    assert placed.status == 201, placed
    if not missing:
        assert admin.patch(placed.headers["Location"], {"status": "Completed"}).status == 200
    token = admin.post("/api/auth/tokens", {"name": name}).json["id"]
    for path, number in (
        ("/api/products", product), ("/api/orders", placed.json["id"]), ("/api/auth/tokens", token),
        ("/api/users", admin.user_id),
    ):  # fmt: skip
        alone = admin.get(f"{path}/{number}").body
        assert alone.startswith(b'{"id":%d,' % number)
        pages = ["?limit=500"]
        if path in ("/api/products", "/api/orders"):  # the shop may have more than a page of them
            pages = ["?sort=-id&limit=500", f"?search={urllib.parse.quote(name)}&limit=5"]
        for page in ("", *pages):
            assert alone in admin.get(path + page).body, page

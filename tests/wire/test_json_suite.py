"""Every parsing case of JSONTestSuite as a body: whatever it is, it is answered."""
import pytest

from data import json_suite

CASES = json_suite()
EVERY_CASE = pytest.mark.parametrize("name, text", CASES, ids=[name for name, _ in CASES])

# Right by RFC 8259 and refused all the same by section 2: a key that stands twice, a NUL.
REFUSED = {
    "y_object_duplicated_key",
    "y_object_duplicated_key_and_value",
    "y_object_escaped_null_in_key",
    "y_string_null_escape",
}


def is_readable(answer):
    """Whether the body got past the JSON reader."""
    return "not valid JSON" not in answer.json["details"].get("body", "")


def test_the_suite_is_whole():
    kinds = [name[:2] for name, _ in CASES]
    assert (kinds.count("y_"), kinds.count("n_"), kinds.count("i_")) == (95, 188, 35)


@pytest.mark.parametrize("path", ["/api/products", "/api/orders"])
@EVERY_CASE
def test_answers_every_case_as_a_body(admin, path, name, text):
    answer = admin.post(path, text.encode())
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR"), answer
    if name.startswith("n_"):
        assert not is_readable(answer), answer


@EVERY_CASE
def test_answers_every_case_inside_an_object(admin, name, text):
    """There the reader's verdict on what is right shows too: it is named as an unknown field."""
    answer = admin.post("/api/products", b'{"odd":' + text.encode() + b"}")
    assert answer.status == 400, answer
    if name.startswith("y_"):
        assert is_readable(answer) == (name not in REFUSED), answer
        assert ("odd" in answer.json["details"]) == is_readable(answer), answer


def test_the_server_is_well_after_them(admin):
    product = admin.product(name="After the suite")
    assert admin.get(f"/api/products/{product['id']}").json["stock"] == 10

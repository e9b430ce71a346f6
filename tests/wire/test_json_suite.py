"""Every parsing case of JSONTestSuite as a body: whatever it is, it is answered."""
import json

import pytest

from data import json_suite

CASES = json_suite()
PATHS = ["/api/products", "/api/orders"]
BY_NAME = {"argvalues": [text for _, text in CASES], "ids": [name for name, _ in CASES]}

# Right by RFC 8259, and more than section 2 takes: keys that stand twice, text with a NUL, which
# no field may hold; the reader refuses them at once.
REFUSED = {"y_object_duplicated_key", "y_object_duplicated_key_and_value",
           "y_object_escaped_null_in_key", "y_string_null_escape"}


def readable(answer):
    """Whether the body got past the JSON reader."""
    return "not valid JSON" not in answer.json["details"].get("body", "")


def test_the_suite_is_whole():
    kinds = [name[:2] for name, _ in CASES]
    assert (kinds.count("y_"), kinds.count("n_"), kinds.count("i_")) == (95, 188, 35)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("text", **BY_NAME)
def test_answers_every_case_as_a_body(admin, request, path, text):
    answer = admin.post(path, text.encode())
    assert answer.status == 400 and answer.code == "VALIDATION_ERROR", answer
    name = request.node.callspec.id.rsplit("-/", 1)[0].split("/")[0]
    if "n_" in name[:2]:
        assert not readable(answer), answer


@pytest.mark.parametrize("text", **BY_NAME)
def test_answers_every_case_inside_an_object(admin, request, text):
    """There the reader's verdict shows: what it takes is named as an unknown field."""
    answer = admin.post("/api/products", b'{"odd":' + text.encode() + b"}")
    assert answer.status == 400, answer
    name = request.node.callspec.id
    if name.startswith("y_") and name not in REFUSED:
        assert answer.json["details"].get("odd") == "is not a known field", answer


def test_the_server_is_well_after_them(admin):
    product = admin.product(name="After the suite")
    assert json.loads(admin.get(f"/api/products/{product['id']}").body)["stock"] == 10

"""Large shops: an export of them is the same after a restore, and takes no memory."""
import http.client
import pathlib
import subprocess

import pytest

from http_client import make_client
from installations import Installation, same
from instance import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shop(own_shop):
    """These tests fill theirs."""
    return own_shop


def generate(url, orders):
    """Orders of two lines, through the same bookkeeping as every other change."""
    subprocess.run(
        ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-v", f"orders={orders}", "-v", "products=1000"]
        + ["-v", "days=90", "-f", str(ROOT / "tests/bench/generate.sql"), url],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def test_a_shop_of_100_000_orders_comes_back_byte_for_byte(shop):
    with Installation(shop) as one, Installation(shop) as other:
        generate(shop.database_url(one.name), 100_000)
        data = one.export("--secrets")
        other.restore(data)
        same(data, other.export("--secrets"), but=("users", "auditLogs"))
        assert other.wrong_books() == []


def test_an_export_of_a_million_order_lines_takes_under_32_megabytes(shop):
    generate(shop.database_url(), 500_000)
    assert shop.value("select count(*) from smartflow.order_lines") == 1_000_000
    connection = http.client.HTTPConnection(shop.host, shop.port, timeout=600)
    headers = {"Authorization": f"Bearer {make_client(shop).token}"}
    connection.request("GET", "/api/admin/backup?action=export-json", headers=headers)
    answer, size, end = connection.getresponse(), 0, b""
    while part := answer.read(1 << 20):
        size, end = size + len(part), (end + part)[-200:]
    assert size > 500_000_000 and end.endswith(b'"}\n') and b'"sha256":"' in end
    status = pathlib.Path(f"/proc/{shop.family('admin_backup')}/status").read_text("utf-8")
    peak_kb = int(status.split("VmHWM:")[1].split()[0])
    assert peak_kb < 32 * 1024, f"{peak_kb} kB"

"""The set-up over the web as its owner sees it: the page in a browser, up to the first login."""
import secrets
import subprocess

import pytest

from web_hosts import ROOT, Apache, Login

pytestmark = pytest.mark.slow


def test_a_shop_is_set_up_by_its_page(shop):
    login, token = Login(shop), secrets.token_urlsafe(24)
    host = Apache(login, "shop", SETUP_TOKEN=token)
    try:
        host.start()
        done = subprocess.run(
            ["node", ROOT / "tests/browser/setup_page.mjs", host.url, token],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr + host.output()
        assert login.value("select count(*) from smartflow.users") == 1
        assert host.login.wrong_books() == []
    finally:
        host.stop()
        login.drop()

"""A shop to be measured: filled, with somebody logged in."""
import json
import pathlib
import subprocess
import urllib.request

GENERATOR = pathlib.Path(__file__).resolve().parent / "generate.sql"


def log_in(instance, **more):
    """The administrator's password, a session's secret and its digest."""
    password = (instance.var / "admin-password").read_text().strip()
    login = json.dumps({"username": "admin", "password": password})
    asked = urllib.request.Request(instance.url + "/api/auth/login", login.replace("}", ', "token": true}').encode(),
                                   {"Content-Type": "application/json"})  # fmt: skip
    token = json.load(urllib.request.urlopen(asked))["token"]
    digest = subprocess.run(["sha256sum"], input=token.encode(), capture_output=True, check=True)
    return {"login": login, "token": token, "digest": digest.stdout.split()[0].decode(), **more}


def fill(instance, products, orders):
    """The shop's data, by SQL through the same bookkeeping as every other change."""
    subprocess.run(
        ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-v", f"orders={orders}", "-v", f"products={products}",
         "-v", "days=90", "-f", str(GENERATOR), instance.database_url()],
        check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    instance.query("update smartflow.products set name = name || ' Xylophone'"
                   " where id in (select 1 + n * (select count(*) from smartflow.products) / 60 from generate_series(0, 59) as n)")  # fmt: skip
    instance.query("update smartflow.products set category = 'Rare' where name like '%Xylophone'")
    instance.query("insert into smartflow.workflows (name, trigger, action, enabled) values"
                   " ('Assign', 'New Order', 'Assign Staff', false), ('Tell', 'New Order', 'Send Notification', false)")  # fmt: skip
    instance.query("insert into smartflow.users (username, name, role) select 'staff' || n, 'Staff', 'staff' from generate_series(1, 4) as n")
    instance.query("vacuum analyze")
    instance.query("checkpoint")


def product_etag(instance, token):
    """The first product's entity tag."""
    asked = urllib.request.Request(instance.url + "/api/products/1", headers={"Authorization": "Bearer " + token})
    return urllib.request.urlopen(asked).headers["ETag"]

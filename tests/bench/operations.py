"""What `make bench` measures: each operation as requests to the API and, for the ceiling, as a pgbench
script that calls the same SQL function with the same arguments.

In a request `@a@`, `@b@` and `@h@` are products, `@o@` is an order, `@l@` the rows of a page; requests are made
beforehand, so that asking costs the client little. In a script they are pgbench's variables.
"""
import dataclasses
import json
import random

REQUESTS = 2000  # made beforehand, sent in a circle
HOT = 1  # the product that everybody wants in a flash sale

ROW = (
    "row(decode('{digest}', 'hex'), 'staff', {write}, false, 'benchmark', '127.0.0.1', 'bench', null, null,"
    " null, {etag}, {id}, 'UTC', {input})::smartflow_api.request"
)


@dataclasses.dataclass
class Operation:
    """One kind of request.

    path, body: a request; ceiling: the SQL function; id, input: its arguments as SQL, `input` a text
    that is cast to jsonb; rows: instead of the function, a plain query of the same rows, with no login and no
    JSON, {shown} being what a page of products shows; variables: pgbench's lines that set them; released:
    called as the program calls what frees its rows before the disk has them; rules: further rules that are
    enabled meanwhile; clients: where it can't be all.
    """

    path: str
    ceiling: str = ""
    method: str = "GET"
    body: str = ""
    id: str = "null"
    input: str = "'{}'"
    variables: tuple = ()
    released: bool = False
    conditional: bool = False
    rules: tuple = ()
    clients: tuple = ()
    token: bool = True
    rows: str = ""


ANY_PRODUCT = (r"\set a random(1, :products)",)
TWO_PRODUCTS = (r"\set a random(1, :products)", r"\set b random(1, :products)")
# Every client has 20 orders of its own and turns them from Pending to Processing and back.
TURNS = (r"\set n :n + 1", r"\set o :first_order + :client_id * 20 + :n % 20", r"\set p (:n / 20) % 2")


def lines(*products):
    """Lines of an order: little of everything, so that a shop is never sold out."""
    return json.dumps([{"productId": f"@{name}@", "quantity": 0.001} for name in products])


def order(*products):
    return '{"customerName": "Ann", "items": ' + lines(*products) + "}"


def filled(text, **values):
    """A request's text with its variables; in JSON a variable is a number."""
    for name, value in values.items():
        text = text.replace(f'"@{name}@"', str(value)).replace(f"@{name}@", str(value))
    return text


def as_sql(text, *names):
    """The same as an SQL expression over pgbench's variables."""
    pattern = filled(text.replace("%", "%%"), **{name: "%s" for name in names})
    return f"format('{pattern}', {', '.join(f':{name}::text' for name in names)})" if names else f"'{text}'"


def creating(*products, **more):
    return Operation("/api/orders", "orders_create", "POST", order(*products),
                     input=as_sql(order(*products), *products), **more)  # fmt: skip


def page(of, **wanted):
    """A page of 50 of a list; what a page costs alone tells whether it grows with the data."""
    query = "".join(f"&{name}={value}" for name, value in wanted.items())
    return Operation(f"/api/{of}?limit=50{query}", f"{of}_list", input=f"'{json.dumps({'limit': 50, **wanted})}'",
                     clients=(1,))  # fmt: skip


OPERATIONS = {
    "product by id": Operation("/api/products/@a@", "products_read", id=":a", variables=ANY_PRODUCT),
    "page of 50 products": Operation(
        "/api/products?limit=50", "products_list",
        rows="select {shown} from smartflow_api.product_wire where not archived order by id limit 51"),
    "another page each time": Operation(
        "/api/products?limit=@l@", "products_list", variables=(r"\set l random(1, 100)", r"\set m :l + 1"),
        rows="select {shown} from smartflow_api.product_wire where not archived order by id limit :m"),
    "1000 products": Operation("/api/products", "products_list"),
    "unchanged product (304)": Operation(
        "/api/products/1", "products_read", id="1", conditional=True
    ),
    "search": Operation(
        "/api/products?search=xylophone&limit=50",
        "products_list",
        input="""'{"search": "xylophone", "limit": 50}'""",
    ),
    **{f"products by {sort}": page("products", sort=sort)
       for sort in ("name", "-price", "stock", "-available", "-updatedAt")},
    "products of a category": page("products", category="Rare"),
    "orders by id": page("orders"),
    "orders by -total": page("orders", sort="-total"),
    "orders by customer": page("orders", sort="customerName"),
    "health": Operation("/api/admin/database?action=health", "admin_database_health", clients=(1,)),
    "statistics": Operation("/api/admin/backup?action=statistics", "admin_backup_statistics", clients=(1,)),
    "order of two lines": creating("a", "b", variables=TWO_PRODUCTS, released=True),
    "order, all three actions": creating(
        "a", "b", variables=TWO_PRODUCTS, released=True, rules=("Assign Staff", "Send Notification")
    ),
    # Against the plain function, which holds the product until its commit is on disk.
    "flash sale": creating("h", variables=(rf"\set h {HOT}",)),
    "status of an order": Operation(
        "/api/orders/@o@",
        "orders_update",
        "PATCH",
        '{"status": "@s@"}',
        id=":o",
        input="""format('{"status": "%s"}', case :p::text when '0' then 'Processing' else 'Pending' end)""",
        variables=TURNS,
    ),
    "summary": Operation("/api/admin/database?action=summary", "admin_database_summary"),
    "login": Operation("/api/auth/login", method="POST", body="@login@", token=False, clients=(1, 16)),
}


def requests(operation, data):
    """Pairs of path and body, in the order in which they are sent."""
    dice = random.Random(1)
    made = []
    for n in range(REQUESTS):
        values = {
            "a": dice.randint(1, data["products"]),
            "b": dice.randint(1, data["products"]),
            "h": HOT,
            "l": dice.randint(1, 100),
            "o": data["first_order"] + n % 400,
            "s": ('"Processing"', '"Pending"')[n // 400 % 2],
            "login": data["login"],
        }
        made.append((filled(operation.path, **values), filled(operation.body, **values)))
    return made if len(set(made)) > 1 else made[:1]


def script(operation, data):
    """The pgbench script."""
    if operation.rows:
        return "\n".join([*operation.variables, operation.rows.format(shown=data["shown"]) + ";", ""])
    ask = ROW.format(
        digest=data["digest"],
        write=str(operation.method != "GET").lower(),
        etag=f"'{data['etag']}'" if operation.conditional else "null",
        id=operation.id,
        input=operation.input + "::jsonb",
    )
    call = f"select * from smartflow_api.{operation.ceiling}({ask});"
    if operation.released:
        call = f"call smartflow_api.{operation.ceiling}_released({ask}, null, null, null, null, null);"
    return "\n".join([*operation.variables, call, ""])

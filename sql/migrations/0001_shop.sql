-- The shop's tables. Everything that thinks (functions, views, triggers, types) lives in the schema
-- smartflow_api and is reloaded whole; here is only what must be kept.
--
-- Instants are timestamptz(3): what the API shows, milliseconds, is what is stored and compared.
-- Money is numeric(12,2), a quantity numeric(13,3); the bounds are those of the contract, section 2.

set local search_path = smartflow, public;

-- Substring search in any case by index. Where the host doesn't have the extension, search still
-- works, by reading.
do $$
begin
    create extension if not exists pg_trgm;
exception when insufficient_privilege or undefined_file or feature_not_supported then
    raise notice 'pg_trgm is not available here: searching will read whole tables';
end
$$;

create table users (
    id            bigint generated always as identity primary key,
    username      text not null check (char_length(username) between 1 and 200),
    name          text not null check (char_length(name) between 1 and 200),
    email         text check (char_length(email) <= 320),
    role          text not null check (role in ('admin', 'staff')),
    active        boolean not null default true,
    deleted       boolean not null default false,
    password_hash text,
    version       bigint not null default 1,
    logins        bigint not null default 0,
    created_at    timestamptz(3) not null default now(),
    updated_at    timestamptz(3) not null default now(),
    last_login_at timestamptz(3),
    check (not deleted or (password_hash is null and not active))
);
create unique index users_username on users (lower(username)) where not deleted;

-- Sessions (made by a login) and personal tokens (for scripts): one look-up by the secret's digest.
create table credentials (
    id           bigint generated always as identity primary key,
    user_id      bigint not null references users,
    kind         text not null check (kind in ('session', 'token')),
    digest       bytea not null unique,
    name         text,
    read_only    boolean not null default false,
    created_at   timestamptz(3) not null default now(),
    last_used_at timestamptz(3),
    expires_at   timestamptz(3),
    address      inet,
    user_agent   text,
    check ((kind = 'token') = (name is not null)),
    check (kind = 'token' or (expires_at is not null and last_used_at is not null))
);
create index credentials_user on credentials (user_id, kind, id);
create index credentials_expiry on credentials (expires_at);

-- Logins under way (failed is null) and failed; a success removes those of its account and address.
create table login_attempts (
    id         bigint generated always as identity primary key,
    account    text not null,
    network    cidr not null,
    started_at timestamptz not null default clock_timestamp(),
    failed     boolean
);
create index login_attempts_network on login_attempts (network, account, started_at);
create index login_attempts_age on login_attempts (started_at);

-- What is edited. What is sold and bought changes often, and stands in inventory: an order then
-- writes none of the indexes of names and texts.
create table products (
    id          bigint generated always as identity primary key,
    name        text collate "C" not null check (char_length(name) between 1 and 200),
    sku         text check (char_length(sku) between 1 and 100),
    category    text check (char_length(category) between 1 and 100),
    description text check (char_length(description) between 1 and 10000),
    price       numeric(12, 2) not null check (price between 0 and 9999999999.99),
    archived    boolean not null default false,
    version     bigint not null default 1,
    created_at  timestamptz(3) not null default now(),
    updated_at  timestamptz(3) not null default now()
);
create unique index products_sku on products (sku) where not archived;
create index products_by_name on products (name, id);
create index products_by_price on products (price, id);
create index products_by_update on products (updated_at, id);
create index products_category on products (category, id);
create index products_archived on products (id) where archived;

create table inventory (
    product_id bigint primary key references products,
    on_hand    numeric(13, 3) not null check (on_hand between 0 and 9999999999.999),
    reserved   numeric(13, 3) not null default 0,
    available  numeric(13, 3) generated always as (on_hand - reserved) stored,
    min_stock  numeric(13, 3) not null check (min_stock between 0 and 9999999999.999),
    ordered    boolean not null default false, -- some order has named it: never deleted, only archived
    version    bigint not null default 1,
    constraint inventory_reserved check (0 <= reserved and reserved <= on_hand)
) with (fillfactor = 80);
create index inventory_by_stock on inventory (on_hand, product_id);
create index inventory_by_available on inventory (available, product_id);
create index inventory_low on inventory (product_id) where on_hand < min_stock;

-- The ledger: every change of on_hand, written by a trigger and never changed. It outlives the
-- products and orders it names, so it references neither.
create table movements (
    id         bigint generated always as identity primary key,
    product_id bigint not null,
    delta      numeric(13, 3) not null check (delta <> 0),
    balance    numeric(13, 3) not null check (balance >= 0),
    reason     text not null,
    order_id   bigint,
    user_id    bigint,
    username   text,
    created_at timestamptz(3) not null default now()
);
create index movements_product on movements (product_id, id);
create index movements_order on movements (order_id) where order_id is not null;

-- An order with its lines as the document that the API shows; order_lines is kept from it by a
-- trigger, for questions that go by product. So an order is one row to write, to list and to audit.
create table orders (
    id             bigint generated always as identity primary key,
    customer_name  text collate "C" not null check (char_length(customer_name) between 1 and 200),
    customer_email text check (char_length(customer_email) between 1 and 320),
    items          json not null,
    status         text not null check (status in ('Pending', 'Processing', 'Completed')),
    total          numeric(12, 2) not null check (total between 0 and 9999999999.99),
    notes          text check (char_length(notes) between 1 and 10000),
    assigned_to    bigint references users,
    stock_reduced  boolean not null default false,
    version        bigint not null default 1,
    created_at     timestamptz(3) not null default now(),
    updated_at     timestamptz(3) not null default now(),
    completed_at   timestamptz(3),
    check ((status = 'Completed') = (completed_at is not null)),
    check (status <> 'Completed' or stock_reduced)
);
create index orders_by_creation on orders (created_at, id);
create index orders_by_total on orders (total, id);
create index orders_by_customer on orders (customer_name, id);
create index orders_status on orders (status, id);
create index orders_assigned on orders (assigned_to, id) where assigned_to is not null;
create index orders_completion on orders (completed_at) where completed_at is not null;

create table order_lines (
    order_id   bigint not null references orders on delete cascade,
    line       integer not null check (line between 0 and 499),
    product_id bigint not null references products,
    quantity   numeric(13, 3) not null check (quantity > 0 and quantity <= 9999999999.999),
    price      numeric(12, 2) not null check (price between 0 and 9999999999.99),
    line_total numeric(12, 2) not null check (line_total = round(quantity * price, 2)),
    primary key (order_id, line)
);
create index order_lines_product on order_lines (product_id, order_id);

create table workflows (
    id         bigint generated always as identity primary key,
    name       text not null check (char_length(name) between 1 and 200),
    trigger    text not null check (trigger in ('New Order', 'Low Stock', 'Order Completed')),
    action     text not null check (action in ('Send Notification', 'Reduce Stock', 'Assign Staff')),
    enabled    boolean not null default true,
    conditions jsonb not null default '[]',
    config     jsonb not null default '{}',
    version    bigint not null default 1,
    created_at timestamptz(3) not null default now(),
    updated_at timestamptz(3) not null default now()
);
create index workflows_trigger on workflows (trigger, id) where enabled;

-- Why a rule did or didn't do its work. Kept when the rule is gone.
create table workflow_runs (
    id         bigint generated always as identity primary key,
    rule_id    bigint not null,
    rule_name  text not null,
    trigger    text not null,
    action     text not null,
    order_id   bigint,
    product_id bigint,
    outcome    text not null check (outcome in ('done', 'skipped', 'failed')),
    reason     text,
    created_at timestamptz(3) not null default now()
);
create index workflow_runs_rule on workflow_runs (rule_id, id);
create index workflow_runs_order on workflow_runs (order_id, id) where order_id is not null;

create table audit_log (
    id         bigint generated always as identity primary key,
    at         timestamptz(3) not null default now(),
    user_id    bigint,
    username   text,
    role       text,
    action     text not null check (action in ('create', 'update', 'delete', 'login', 'login_failed',
                                               'logout', 'export', 'import', 'verify', 'restore')),
    entity     text not null check (entity in ('product', 'order', 'workflow', 'user', 'token',
                                               'session', 'backup')),
    entity_id  bigint,
    changes    json not null default '{}',
    request_id text,
    address    inet
);
create index audit_log_entity on audit_log (entity, entity_id, id);
create index audit_log_user on audit_log (user_id, id);
create index audit_log_at on audit_log (at, id);

-- The first outcome of a POST with an Idempotency-Key, written with what it did. Digests only.
create table idempotency_keys (
    user_id     bigint not null references users,
    key         bytea not null,
    fingerprint bytea not null,
    created_at  timestamptz(3) not null default now(),
    status      integer,
    etag        text,
    location    text,
    body        text,
    replays     integer not null default 0,
    primary key (user_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

do $$
begin
    if exists (select from pg_extension where extname = 'pg_trgm') then
        -- Names are sorted by bytes, in which only ASCII letters have cases; searching in any case goes
        -- by the database's own collation.
        create index products_search on products
            using gin ((name collate "default") gin_trgm_ops, sku gin_trgm_ops);
        create index orders_search on orders using gin ((customer_name collate "default") gin_trgm_ops);
    end if;
end
$$;

insert into workflows (name, trigger, action)
values ('Reduce stock when an order comes in', 'New Order', 'Reduce Stock');

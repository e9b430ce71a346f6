-- Figures that are exact at once and cost the same however many orders there are: what changes appends
-- a tally, whoever is alone at it folds many tallies into totals (functions/06_totals.sql). Also what
-- is known of the last full check and of the backups.

set local search_path = smartflow, public;

-- What a change adds to the totals or takes from them. A row is only ever appended and, once folded,
-- deleted, so that those who change things at the same moment never wait for each other.
create table tallies (
    id           bigint generated always as identity primary key,
    sign         smallint,       -- an order: 1 came into this state, -1 left it
    status       text,
    total        numeric(12, 2),
    completed_at timestamptz(3),
    items        json,           -- of a completed order: what was sold
    products     integer,        -- a product: the change of every total of inventory_totals
    archived     integer,
    units        numeric,
    value        numeric,
    low_stock    integer,
    out_of_stock integer
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

create table order_totals (
    status text primary key,
    orders bigint not null,
    value  numeric not null
) with (fillfactor = 50);

-- Completed orders by the quarter hour (its start) of their completion: every time zone's days are
-- unions of these, so the days of any TIMEZONE come from them.
create table sales (
    bucket  timestamptz(3) primary key,
    orders  bigint not null,
    revenue numeric not null
) with (fillfactor = 80);

-- One row. All but `archived` is of products that aren't archived.
create table inventory_totals (
    one          boolean primary key default true check (one),
    products     bigint not null,
    archived     bigint not null,
    units        numeric not null, -- on hand
    value        numeric not null, -- on hand at the present price, unrounded
    low_stock    bigint not null,
    out_of_stock bigint not null
) with (fillfactor = 50);

-- What was sold of each product in the last 31 days, and its sum over all of the rows, by which the
-- best are found: a bound from above for any window within those days.
create table product_sales (
    product_id bigint not null,
    bucket     timestamptz(3) not null,
    quantity   numeric not null,
    revenue    numeric not null,
    primary key (product_id, bucket)
) with (fillfactor = 80);
create index product_sales_bucket on product_sales (bucket);

create table top_sales (
    product_id bigint primary key,
    quantity   numeric not null,
    revenue    numeric not null
) with (fillfactor = 80);
create index top_sales_by_revenue on top_sales (revenue desc, quantity desc, product_id);

-- How many rows a table that is only appended to has, up to an id below which nothing can appear any
-- more; the few above it are counted when asked. Everything up to barrier_id is settled once all
-- transactions before barrier_xid are over. Of `tallies` itself: up to where all are folded.
create table settled_counts (
    table_name  text primary key,
    through_id  bigint not null default 0,
    rows        bigint not null default 0,
    barrier_id  bigint,
    barrier_xid xid8
) with (fillfactor = 50);

-- Every full check of the books.
create table integrity_runs (
    id       bigint generated always as identity primary key,
    at       timestamptz(3) not null default now(),
    ok       boolean not null,
    problems bigint not null,
    failing  text[] not null -- names of the checks
);

-- Every export that was sent whole; proven_at: when it was last verified.
create table backups (
    id          bigint generated always as identity primary key,
    exported_at timestamptz(3) not null,
    bytes       bigint not null,
    sha256      bytea not null unique,
    counts      jsonb not null,
    proven_at   timestamptz(3)
);
create index backups_exported on backups (exported_at);
create index backups_proven on backups (exported_at) where proven_at is not null;

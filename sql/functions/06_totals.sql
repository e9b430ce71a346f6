-- Totals, kept as changes happen. Triggers append tallies (06_tallies.sql); a fold moves many of them into the totals.
-- Only one transaction folds at a time, whoever gets the fold's lock, and nobody waits for it: the
-- others leave their tallies where they are. What is true at any moment is totals + tallies, read in
-- one snapshot: the `kept_…` views. `counted_…` are the same figures by counting everything.

-- The advisory lock of whoever folds ("fold" in ASCII, in the form of two numbers; of one database).
create function fold_lock() returns integer language sql immutable as $$ select x'666f6c64'::integer $$;

create function sale_bucket(instant timestamptz) returns timestamptz
language sql immutable parallel safe as $$
    select date_bin('15 minutes', instant, '2000-01-01 00:00:00+00')
$$;

-- Sales before this are in nobody's last 30 days, whatever the time zone: 30 days and two hours ago.
create function sales_horizon() returns timestamptz
language sql stable as $$
    select sale_bucket(now() - interval '722 hours')
$$;

-- What isn't folded yet: sign is how many orders came into a state (or, below 0, left it), value what they come to.
-- Everything up to the mark is, so that a scan needn't pass over what was deleted.
create view unfolded as
select * from tallies where id > (select through_id from settled_counts where table_name = 'tallies');

create view unfolded_sales as
select l.product_id, sale_bucket(t.completed_at) as bucket, t.sign * l.quantity as quantity, t.sign * l.line_total as revenue
  from unfolded t cross join lateral lines_of(t.items) as l
 where t.items is not null;

create view kept_orders as
select status, sum(orders)::bigint as orders, sum(value) as value
  from (select status, orders, value from order_totals
        union all select status, sign, value from unfolded where status is not null) as parts
 group by status;

-- Several rows a quarter hour.
create view kept_sales as
select bucket, orders, revenue from sales
union all
select sale_bucket(completed_at), sign, value from unfolded where completed_at is not null;

create view kept_inventory as
select sum(products)::bigint as products, sum(archived)::bigint as archived, sum(units) as units, sum(value) as value,
       sum(low_stock)::bigint as low_stock, sum(out_of_stock)::bigint as out_of_stock
  from (select products, archived, units, value, low_stock, out_of_stock from inventory_totals
        union all
        select products, archived, units, value, low_stock, out_of_stock from unfolded where products is not null) as parts;

create view kept_rows as
select table_name, rows + case table_name
           when 'audit_log' then (select count(*) from audit_log where id > through_id)
           when 'movements' then (select count(*) from movements where id > through_id)
           when 'notifications' then (select count(*) from notifications where id > through_id)
           when 'workflow_runs' then (select count(*) from workflow_runs where id > through_id) end as rows
  from settled_counts where table_name <> 'tallies';

-- When the first and the last row were written, of tables that have no B-tree by time.
create view kept_times as
select table_name,
       least(oldest, case table_name
           when 'movements' then (select min(created_at) from movements where id > through_id)
           else (select min(created_at) from workflow_runs where id > through_id) end) as oldest,
       greatest(newest, case table_name
           when 'movements' then (select max(created_at) from movements where id > through_id)
           else (select max(created_at) from workflow_runs where id > through_id) end) as newest
  from settled_counts where table_name in ('movements', 'workflow_runs');

create view counted_orders as
select known.status, count(o.id) as orders, coalesce(sum(o.total), 0) as value
  from (values ('Pending'), ('Processing'), ('Completed')) as known (status)
  full join orders o on o.status = known.status
 group by known.status;

create view counted_sales as
select sale_bucket(completed_at) as bucket, count(*) as orders, sum(total) as revenue
  from orders where completed_at is not null group by 1;

create view counted_inventory as
select count(*) filter (where not p.archived) as products, count(*) filter (where p.archived) as archived,
       coalesce(sum(i.on_hand) filter (where not p.archived), 0) as units,
       coalesce(sum(i.on_hand * p.price) filter (where not p.archived), 0) as value,
       count(*) filter (where not p.archived and i.on_hand < i.min_stock) as low_stock,
       count(*) filter (where not p.archived and i.on_hand = 0) as out_of_stock
  from products p join inventory i on i.product_id = p.id;

create view counted_product_sales as
select l.product_id, sale_bucket(o.completed_at) as bucket, sum(l.quantity) as quantity, sum(l.line_total) as revenue
  from orders o join order_lines l on l.order_id = o.id
 where o.completed_at >= sales_horizon() and o.status = 'Completed'
 group by 1, 2;

-- Folds the oldest tallies, at most so many, unless somebody else is folding; gives how many it folded.
-- Safe to call from anywhere: where it can't (another is at it, a read-only transaction, one whose
-- statements don't see what was committed meanwhile) it does nothing.
create function fold_tallies(how_many integer) returns integer
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    folded integer;
begin
    if current_setting('transaction_read_only')::boolean or current_setting('transaction_isolation') <> 'read committed'
       or not pg_try_advisory_xact_lock(fold_lock(), 0) then
        return 0;
    end if;
    folded := fold_some(how_many);
    -- once in a transaction: a long one can't be done with its own
    if coalesce(current_setting('smartflow.housekept', true), '') = '' then
        perform forget_old_sales(how_many), advance_settled(1000000), set_config('smartflow.housekept', 'yes', true);
    end if;
    return folded;
end
$$;

-- smartflow.folded is up to where this very transaction has folded: a long one must not pass over its
-- own deleted tallies again and again. What others commit below it is left to later folds.
create function fold_some(how_many integer) returns integer
language plpgsql as $$
declare
    horizon constant timestamptz := sales_horizon();
    mark constant bigint := coalesce(nullif(current_setting('smartflow.folded', true), '')::bigint, 0);
    folded integer;
    newest bigint;
    since timestamptz;
begin
    with taken as materialized (
        delete from tallies
         where id = any (array(select id from unfolded where id > mark order by id limit how_many))
        returning *
    ), of_status as (
        insert into order_totals as t (status, orders, value)
        select status, sum(sign), sum(value) from taken where status is not null group by status
            on conflict (status) do update set orders = t.orders + excluded.orders, value = t.value + excluded.value
    ), of_time as (
        insert into sales as t (bucket, orders, revenue)
        select sale_bucket(completed_at), sum(sign), sum(value) from taken where completed_at is not null group by 1
            on conflict (bucket) do update set orders = t.orders + excluded.orders, revenue = t.revenue + excluded.revenue
        returning bucket
    ), sold as materialized (
        select l.product_id, sale_bucket(t.completed_at) as bucket, sum(t.sign * l.quantity) as quantity,
               sum(t.sign * l.line_total) as revenue
          from taken t cross join lateral lines_of(t.items) as l
         where t.items is not null and t.completed_at >= horizon
         group by 1, 2
    ), of_product_and_time as (
        insert into product_sales as t select * from sold
            on conflict (product_id, bucket) do update
               set quantity = t.quantity + excluded.quantity, revenue = t.revenue + excluded.revenue
    ), of_product as (
        insert into top_sales as t select product_id, sum(quantity), sum(revenue) from sold group by product_id
            on conflict (product_id) do update
               set quantity = t.quantity + excluded.quantity, revenue = t.revenue + excluded.revenue
    ), of_inventory as (
        update inventory_totals t
           set products = t.products + c.products, archived = t.archived + c.archived, units = t.units + c.units,
               value = t.value + c.value, low_stock = t.low_stock + c.low_stock,
               out_of_stock = t.out_of_stock + c.out_of_stock
          from (select sum(products) as products, sum(archived) as archived, sum(units) as units, sum(value) as value,
                       sum(low_stock) as low_stock, sum(out_of_stock) as out_of_stock
                  from taken where products is not null) as c
         where c.products is not null
    )
    select count(*), max(id), (select min(bucket) from of_time) into folded, newest, since from taken;
    if since is not null then
        perform carry_sales(since);
    end if;
    perform set_config('smartflow.folded', newest::text, true) where newest is not null;
    return folded;
end
$$;

-- Sums sales up anew from a bucket on: mostly the last one.
create function carry_sales(since timestamptz) returns void
language plpgsql as $$
declare
    orders_before constant numeric := coalesce((select orders_through from sales where bucket < since order by bucket desc limit 1), 0);
    revenue_before constant numeric := coalesce((select revenue_through from sales where bucket < since order by bucket desc limit 1), 0);
begin
    update sales s
       set orders_through = orders_before + t.orders, revenue_through = revenue_before + t.revenue
      from (select bucket, sum(orders) over (order by bucket) as orders, sum(revenue) over (order by bucket) as revenue
              from sales where bucket >= since) as t
     where t.bucket = s.bucket
       and (s.orders_through, s.revenue_through) is distinct from (orders_before + t.orders, revenue_before + t.revenue);
end
$$;

-- Takes out what was sold too long ago to be in anybody's last 30 days, at most so many rows.
create function forget_old_sales(how_many integer) returns void
language plpgsql as $$
begin
    with old as (
        delete from product_sales
         where (product_id, bucket) in (select product_id, bucket from product_sales where bucket < sales_horizon()
                                         order by bucket limit how_many)
        returning *
    )
    update top_sales t set quantity = t.quantity - o.quantity, revenue = t.revenue - o.revenue
      from (select product_id, sum(quantity) as quantity, sum(revenue) as revenue from old group by product_id) as o
     where t.product_id = o.product_id;
end
$$;

-- A transaction number later than every one given out so far: a subtransaction's, since this
-- transaction may have got its own long ago. (The xmax of a snapshot is not: it is one more than the
-- latest that is over, and later ones may be running.)
create function later_xid() returns xid8
language plpgsql as $$
declare
    mine constant bigint := pg_current_xact_id()::text::bigint;
    low constant bigint := mine % 4294967296; -- the xmin of a row has no epoch
    fresh bigint;
begin
    begin
        update settled_counts set rows = rows where table_name = 'tallies' returning xmin::text::bigint into fresh;
    exception when division_by_zero then
        null; -- never; it is the clause that makes a subtransaction
    end;
    return (mine - low + fresh + case when fresh < low then 4294967296 else 0 end)::text::xid8;
end
$$;

-- Takes what has settled into the counts, at most so many ids of each table, and sets new barriers: first
-- the id, then the transaction number, so whoever took an id up to the one has a number below the other,
-- since everybody has his number before he takes an id (pg_current_xact_id() where rows are added).
-- A barrier that lies ahead comes from another server, by dump and reload.
create function advance_settled(how_many bigint) returns void
language plpgsql as $$
declare
    running constant pg_snapshot := pg_current_snapshot();
    s settled_counts;
    more bigint;
    later xid8;
    first_at timestamptz;
    last_at timestamptz;
begin
    for s in select * from settled_counts where barrier_xid <= pg_snapshot_xmin(running) and barrier_id > through_id loop
        s.barrier_id := s.through_id + least(s.barrier_id - s.through_id, how_many);
        execute format('select count(*), min(%2$s), max(%2$s) from %1$I where id > $1 and id <= $2', s.table_name,
                       case when s.table_name in ('movements', 'workflow_runs') then 'created_at' else 'null::timestamptz' end)
           into more, first_at, last_at using s.through_id, s.barrier_id;
        update settled_counts
           set through_id = s.barrier_id, rows = rows + more, oldest = least(oldest, first_at), newest = greatest(newest, last_at)
         where table_name = s.table_name and (table_name <> 'tallies' or more = 0);
    end loop;
    update settled_counts
       set barrier_id = coalesce(pg_sequence_last_value(format('smartflow.%I', table_name || '_id_seq')::regclass), 0), barrier_xid = null
     where barrier_xid is null or barrier_id <= through_id or barrier_xid >= pg_snapshot_xmax(running);
    if found then
        later := later_xid();
        update settled_counts set barrier_xid = later where barrier_xid is null;
    end if;
end
$$;

-- Before figures are read: folds where much is left to fold, so that reading stays short.
create function fold_before_reading() returns void
language plpgsql as $$
begin
    if (select count(*) from (select from unfolded limit 101) as few) > 100
       or exists (select from product_sales where bucket < sales_horizon() - interval '2 hours') then
        perform fold_tallies(10000);
    end if;
end
$$;

-- Locks what the totals are of against changes. Never long in the way of somebody who holds one of
-- the tables and wants another.
create function lock_counted() returns void
language plpgsql as $$
declare
    patience constant text := current_setting('lock_timeout');
begin
    for attempt in 1..100 loop
        begin
            perform set_config('lock_timeout', '200ms', true);
            lock table orders, inventory, products in share row exclusive mode;
            perform set_config('lock_timeout', patience, true);
            return;
        exception when lock_not_available then
            perform pg_sleep(random() / 10);
        end;
    end loop;
    raise lock_not_available using message = 'the tables are too busy to be counted now';
end
$$;

-- Makes all totals anew from the tables, in one go. Changes wait meanwhile.
create function recount() returns void
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise feature_not_supported using message = 'recount() needs a transaction that is read committed';
    end if;
    perform pg_advisory_xact_lock(fold_lock(), 0);
    perform lock_counted();
    delete from tallies;
    delete from order_totals;
    insert into order_totals (status, orders, value) select status, orders, value from counted_orders where status is not null;
    delete from sales;
    insert into sales (bucket, orders, revenue, orders_through, revenue_through)
    select bucket, orders, revenue, sum(orders) over (order by bucket), sum(revenue) over (order by bucket)
      from counted_sales order by bucket;
    delete from inventory_totals;
    insert into inventory_totals (products, archived, units, value, low_stock, out_of_stock)
    select products, archived, units, value, low_stock, out_of_stock from counted_inventory;
    delete from product_sales;
    insert into product_sales (product_id, bucket, quantity, revenue)
    select product_id, bucket, quantity, revenue from counted_product_sales;
    delete from top_sales;
    insert into top_sales (product_id, quantity, revenue)
    select product_id, sum(quantity), sum(revenue) from product_sales group by product_id;
    update open_order_counts set orders = 0 where orders <> 0;
    insert into open_order_counts as c (user_id, shard, orders)
    select assigned_to, 0, count(*) from orders where assigned_to is not null and status <> 'Completed' group by assigned_to
        on conflict (user_id, shard) do update set orders = excluded.orders;
    insert into settled_counts as s (table_name)
    select unnest(array['audit_log', 'movements', 'notifications', 'tallies', 'workflow_runs'])
        on conflict (table_name) do update
       set through_id = 0, rows = 0, barrier_id = null, barrier_xid = null, oldest = null, newest = null;
    perform advance_settled(0);
end
$$;

-- The first time, when triggers exist that keep what is counted here; and what a version from before carry_sales
-- may have folded since migration 0008; and what one from before migration 0009 has left to fold.
do $$
begin
    update tallies set value = sign * total, total = null where total is not null;
    if not exists (select from order_totals) then
        perform recount();
    end if;
    perform pg_advisory_xact_lock(fold_lock(), 0), carry_sales('-infinity');
end
$$;

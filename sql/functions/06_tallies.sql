-- What changes of an order or of stock leaves as tallies, and in the ledger: the triggers. They add rows by
-- qualified names, without a function around that; this is the price of every order.

-- About every 256th tally folds (06_totals.sql); an update of an order takes two numbers, so one of two is meant.
-- newest: a tally's id; null: none was added. added: by the same statement. Gives how many were folded.
create function fold_now_and_then(newest bigint, added bigint default 1) returns integer
language plpgsql as $$
begin
    return case when newest % 256 < greatest(added, 2) then smartflow_api.fold_tallies(1000 + added::integer) else 0 end;
end
$$;

create function tally_new_orders() returns trigger
language plpgsql as $$
declare
    added bigint;
    folded integer;
begin
    -- sign is a smallint: at most so many in one.
    insert into smartflow.tallies (sign, status, value, completed_at, items)
    select count(*), status, sum(total), null::timestamptz, null::json
      from after where status <> 'Completed' group by status, id / 10000
     union all
    select 1, status, total, completed_at, items from after where status = 'Completed';
    get diagnostics added = row_count;
    folded := smartflow_api.fold_now_and_then(case when added > 0 then currval('smartflow.tallies_id_seq') end, added);
    return null;
end
$$;

create function tally_order() returns trigger
language plpgsql as $$
declare
    newest bigint;
    folded integer;
begin
    insert into smartflow.tallies (sign, status, value, completed_at, items)
    values (-1, old.status, -old.total, old.completed_at, case when old.status = 'Completed' then old.items end)
    returning id into newest;
    if tg_op <> 'DELETE' then
        insert into smartflow.tallies (sign, status, value, completed_at, items)
        values (1, new.status, new.total, new.completed_at, case when new.status = 'Completed' then new.items end)
        returning id into newest;
    end if;
    folded := smartflow_api.fold_now_and_then(newest);
    return null;
end
$$;

-- The value depends on two rows, this one and the product's. Whoever changes a price locks this row
-- too (tally_product), so the price read here, in a statement of its own, is the last one; where
-- statements don't see what was committed meanwhile, the product has to be locked.
create function tally_inventory() returns trigger
language plpgsql as $$
declare
    of_product constant bigint := coalesce(new.product_id, old.product_id);
    come constant integer := (tg_op = 'INSERT')::integer - (tg_op = 'DELETE')::integer;
    more constant numeric := coalesce(new.on_hand, 0) - coalesce(old.on_hand, 0);
    newest bigint;
    folded integer;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        perform from smartflow.products where id = of_product for share;
    end if;
    insert into smartflow.tallies (products, archived, units, value, low_stock, out_of_stock)
    select case when p.archived then 0 else come end, case when p.archived then come else 0 end,
           case when p.archived then 0 else more end, case when p.archived then 0 else more * p.price end,
           case when p.archived then 0 else coalesce((new.on_hand < new.min_stock)::integer, 0)
                                            - coalesce((old.on_hand < old.min_stock)::integer, 0) end,
           case when p.archived then 0 else coalesce((new.on_hand = 0)::integer, 0)
                                            - coalesce((old.on_hand = 0)::integer, 0) end
      from smartflow.products p where p.id = of_product
    returning id into newest;
    folded := smartflow_api.fold_now_and_then(newest);
    return null;
end
$$;

-- What one of several orders that are written together takes of a product, and for whom.
create type order_part as (
    product_id bigint,
    order_id   bigint,
    taken      numeric,
    later      numeric, -- what the orders after it take
    reason     text,
    user_id    bigint,
    username   text
);

-- The ledger's rows and the tally of all products that an update changes, by one statement, however many
-- they are. Before and after are summed rather than joined: a plan made for two rows serves a million. A price is looked
-- up by its key (offset 0): a join would read all products until there are some thousands.
-- smartflow.parts says which orders of several that are written together take it (settle_together).
create function book_stock() returns trigger
language plpgsql as $$
declare
    actor constant json := nullif(current_setting('smartflow.actor', true), '');
    parts constant smartflow_api.order_part[] := nullif(current_setting('smartflow.parts', true), '');
    moved_at constant timestamptz := smartflow_api.clock();
    newest bigint;
    folded integer;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        perform from smartflow.products where id in (select product_id from after) order by id for share;
    end if;
    with changed as materialized (
        select product_id, sum(sign * on_hand) as more, sum(on_hand) filter (where sign = 1) as balance,
               sum(sign * (on_hand < min_stock)::integer) as low_stock, sum(sign * (on_hand = 0)::integer) as out_of_stock
          from (select 1 as sign, product_id, on_hand, min_stock from after
                union all select -1, product_id, on_hand, min_stock from before) as sides
         group by product_id having sum(sign * on_hand) <> 0 or sum(sign * (on_hand < min_stock)::integer) <> 0
    ), ledger as (
        insert into smartflow.movements (product_id, delta, balance, reason, order_id, user_id, username, created_at)
        select c.product_id, coalesce(-p.taken, c.more), c.balance + coalesce(p.later, 0),
               coalesce(p.reason, smartflow_api.movement_reason()),
               coalesce(p.order_id, nullif(current_setting('smartflow.order', true), '')::bigint),
               case when p.order_id is null then (actor ->> 'id')::bigint else p.user_id end,
               case when p.order_id is null then actor ->> 'username' else p.username end, moved_at
          from changed c
          left join unnest(parts) as p on p.product_id = c.product_id
         where c.more <> 0 order by c.product_id, p.order_id
    )
    insert into smartflow.tallies (products, archived, units, value, low_stock, out_of_stock)
    select 0, 0, sum(c.more), sum(c.more * p.price), sum(c.low_stock), sum(c.out_of_stock)
      from changed c cross join lateral (select price from smartflow.products where id = c.product_id and not archived offset 0) as p
    having count(*) > 0
    returning id into newest;
    folded := smartflow_api.fold_now_and_then(newest);
    return null;
end
$$;

create function tally_product() returns trigger
language plpgsql as $$
declare
    come constant integer := old.archived::integer - new.archived::integer;
    newest bigint;
    folded integer;
begin
    insert into smartflow.tallies (products, archived, units, value, low_stock, out_of_stock)
    select come, -come, come * i.on_hand,
           i.on_hand * (case when new.archived then 0 else new.price end - case when old.archived then 0 else old.price end),
           come * (i.on_hand < i.min_stock)::integer, come * (i.on_hand = 0)::integer
      from smartflow.inventory i where i.product_id = new.id for no key update
    returning id into newest;
    folded := smartflow_api.fold_now_and_then(newest);
    return null;
end
$$;

create trigger tally_new after insert on orders referencing new table as after
    for each statement execute function tally_new_orders();
create trigger tally after delete on orders for each row execute function tally_order();
create trigger tally_update after update on orders
    for each row when (old.status <> new.status or old.total <> new.total
                       or old.completed_at is distinct from new.completed_at
                       or (new.status = 'Completed' and old.items::text <> new.items::text))
    execute function tally_order();
create trigger tally after insert or delete on inventory for each row execute function tally_inventory();
create trigger books after update on inventory referencing old table as before new table as after
    for each statement execute function book_stock();
create trigger tally_update after update of price, archived on products
    for each row when (old.price <> new.price or old.archived <> new.archived)
    execute function tally_product();

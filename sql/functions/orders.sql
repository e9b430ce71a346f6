-- Family orders. Locks: the order first, then inventory in the order of product ids; so no two
-- requests wait for each other in a circle.

create view order_wire as
select o.id,
       o.customer_name as "customerName",
       o.customer_email as "customerEmail",
       o.items,
       o.status,
       o.total,
       o.notes,
       o.assigned_to as "assignedTo",
       o.stock_reduced as "stockReduced",
       o.created_at as "createdAt",
       o.updated_at as "updatedAt",
       o.completed_at as "completedAt",
       '"' || o.version || '"' as "#etag",
       null::bigint as "#total"
  from orders o;

select publish('order_wire');

create function select_orders(q request, me actor) returns selection
language sql stable as $$
    select row('select * from order_wire where true'
            || filter('status = %L', q.input ->> 'status')
            || filter('"customerName" collate "default" ilike %L', containing(q.input ->> 'search'))
            || filter('id in (select order_id from order_lines where product_id = %L)', q.input ->> 'productId')
            || filter('"assignedTo" = %L', q.input ->> 'assignedTo')
            || filter('"createdAt" >= %L', moment(q.input ->> 'from', q.time_zone)::text)
            || filter('"createdAt" < %L', moment(q.input ->> 'to', q.time_zone)::text),
        key, 'id', case key when 'id' then 'bigint' when 'customerName' then 'text' when 'total' then 'numeric'
                            else 'timestamptz' end,
        coalesce(q.input ->> 'sort', '') ~ '^-')::selection
      from (select ltrim(coalesce(q.input ->> 'sort', 'id'), '-') as key) as sort
$$;

select publish_list('orders', 'order_wire');

create function no_order() returns void language sql as $$
    select fail('NOT_FOUND', 'There is no such order.')
$$;

create function orders_read(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    o order_wire;
begin
    perform authenticate(q);
    select * into o from order_wire where id = q.id;
    if o.id is null then
        perform no_order();
    end if;
    return single(q, order_json(o), o."#etag");
end
$$;

create function order_response(q request, order_id bigint, answer integer default 200) returns response
language plpgsql stable as $$
declare
    o order_wire;
begin
    select * into o from order_wire where id = order_id;
    return single(q, order_json(o), o."#etag", case answer when 201 then '/api/orders/' || o.id end, answer);
end
$$;

-- One line as the client asked for it; name and price are filled in from the product or from the
-- order's own line of before.
create type wanted_line as (
    line         bigint, -- from 1
    product_id   bigint,
    quantity     numeric,
    price        numeric,
    product_name text
);

create function wanted_lines(items jsonb) returns wanted_line[]
language plpgsql immutable as $$
begin
    return (select array_agg(row(n, (item ->> 'productId')::bigint, (item ->> 'quantity')::numeric,
                                 (item ->> 'price')::numeric, null)::wanted_line order by n)
              from jsonb_array_elements(items) with ordinality as given (item, n));
end
$$;

-- Refuses what only the database knows: products that don't exist or are archived, an assignee who
-- is no active user.
-- known: products that the order named before, which are kept as they were
-- assignee: null where none is to be checked
create function check_references(lines wanted_line[], known bigint[], assignee bigint) returns void
language plpgsql as $$
declare
    wrong jsonb;
begin
    select jsonb_object_agg(field, reason)
      into wrong
      from (select format('items[%s].productId', l.line - 1), 'does not exist'
              from unnest(lines) as l
             where l.product_id <> all (known)
               and not exists (select from products p where p.id = l.product_id and not p.archived)
            union all
            select 'assignedTo', 'is not an active user'
             where assignee is not null
               and not exists (select from users u where u.id = assignee and u.active and not u.deleted)
           ) as found (field, reason);
    if wrong is not null then
        perform fail('VALIDATION_ERROR', 'The request is not valid.', wrong);
    end if;
end
$$;

-- Moves what an order holds from its goods of before to those of now, product by product in id
-- order: the update is lock and check in one.
-- reduced: the goods are off the shelf already, so that the ledger moves instead of the reservation
-- Gives the products of which there isn't enough; the caller refuses.
create function move_goods(before json, lines wanted_line[], reduced boolean) returns bigint[]
language plpgsql as $$
declare
    good record;
    short bigint[] := '{}';
begin
    for good in
        select product_id, sum(quantity) as more
          from (select product_id, quantity from unnest(lines)
                union all
                select product_id, -quantity from goods_of(before)) as moves
         group by product_id order by product_id
    loop
        update inventory
           set reserved = reserved + case when reduced then 0 else good.more end,
               on_hand = on_hand - case when reduced then good.more else 0 end,
               ordered = true, version = version + 1
         where product_id = good.product_id and good.more <> 0 and available >= good.more;
        if not found and good.more <> 0 then
            short := short || good.product_id;
        end if;
    end loop;
    return short;
end
$$;

create function refuse_short(before json, lines wanted_line[], short bigint[]) returns void
language plpgsql as $$
begin
    perform fail('INSUFFICIENT_STOCK', 'There is not enough stock.',
        (select jsonb_object_agg(format('items[%s].quantity', l.line - 1), format('asked %s, available %s',
                    trim_scale((select sum(quantity) from unnest(lines) as a where a.product_id = l.product_id)),
                    trim_scale(i.available + coalesce((select sum(quantity) from goods_of(before) as b
                                                        where b.product_id = l.product_id), 0))))
           from unnest(lines) as l join inventory i on i.product_id = l.product_id
          where l.product_id = any (short)));
end
$$;

-- The lines as the order's document, with names, prices and totals; sets items and total.
-- Lines without a price keep that of the same product in the order's lines of before, in their turn.
create function priced(inout o orders, lines wanted_line[])
language plpgsql as $$
begin
    with old as (
        select product_id, product_name, price, row_number() over (partition by product_id order by line) as turn,
               max(line) over (partition by product_id) = line as last
          from lines_of(o.items)
    ), asked as (
        select l.*, row_number() over (partition by l.product_id order by l.line) as turn from unnest(lines) as l
    ), kept as (
        select a.line, a.product_id, a.quantity,
               coalesce(mine.product_name, any_mine.product_name, p.name) as product_name,
               coalesce(a.price, mine.price, any_mine.price, p.price) as price
          from asked a
          join products p on p.id = a.product_id
          left join old mine on mine.product_id = a.product_id and mine.turn = a.turn
          left join old any_mine on any_mine.product_id = a.product_id and any_mine.last
    ), summed as (
        select *, round(quantity * price, 2) as line_total from kept
    )
    select coalesce(sum(line_total), 0),
           ('[' || string_agg(format('{"productId":%s,"productName":%s,"quantity":%s,"price":%s,"lineTotal":%s}',
                       product_id, to_json(product_name), trim_scale(quantity), price::numeric(12, 2), line_total),
                   ',' order by line) || ']')::json
      into o.total, o.items
      from summed
    having max(line_total) <= 9999999999.99 and sum(line_total) <= 9999999999.99;
    if not found then
        perform fail('VALIDATION_ERROR', 'The request is not valid.', '{"items": "come to more than 9999999999.99"}');
    end if;
end
$$;

-- Gives an order its lines: moves the goods, then refuses what is wrong (references, totals) before
-- what is short. A completed order's goods stay where they are: its lines are only compared.
create function set_lines(inout o orders, lines wanted_line[], assignee bigint)
language plpgsql as $$
declare
    before json := o.items;
    known bigint[] := array(select product_id from goods_of(before));
    short bigint[] := '{}';
begin
    if o.status is distinct from 'Completed' then
        short := move_goods(before, lines, o.stock_reduced);
    end if;
    perform check_references(lines, known, assignee);
    o := priced(o, lines);
    if short <> '{}' then
        perform refuse_short(before, lines, short);
    end if;
end
$$;

-- Completes an order: takes what is still reserved, then runs the rules. The caller writes it.
create function complete(inout o orders)
language plpgsql as $$
declare
    took boolean := not o.stock_reduced;
begin
    if took then
        perform take_goods(o, format('Order %s completed', o.id));
    end if;
    o.stock_reduced := true;
    o.status := 'Completed';
    o.completed_at := clock();
    o := run_rules('Order Completed', o, took);
end
$$;

create function orders_create(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    lines wanted_line[] := wanted_lines(q.input -> 'items');
    wanted_status text := coalesce(q.input ->> 'status', 'Pending');
    o orders;
begin
    o.id := nextval('smartflow.orders_id_seq');
    o.customer_name := q.input ->> 'customerName';
    o.customer_email := q.input ->> 'customerEmail';
    o.notes := q.input ->> 'notes';
    o.assigned_to := (q.input ->> 'assignedTo')::bigint;
    o.status := case wanted_status when 'Completed' then 'Pending' else wanted_status end;
    o.items := '[]';
    o.stock_reduced := false;
    o.version := 1;
    o.created_at := clock();
    o.updated_at := clock();
    o := set_lines(o, lines, o.assigned_to);
    o := run_rules('New Order', o);
    if wanted_status = 'Completed' then
        o := complete(o);
    end if;
    insert into orders overriding system value select (o).*;
    return order_response(q, o.id, 201);
end
$$;

-- What a PATCH asks for, on a copy of the order; lines that differ move their goods.
create function edited(q request, inout o orders)
language plpgsql as $$
declare
    before orders := o;
    new_assignee bigint;
begin
    o.customer_name := coalesce(q.input ->> 'customerName', o.customer_name);
    if q.input ? 'customerEmail' then o.customer_email := q.input ->> 'customerEmail'; end if;
    if q.input ? 'notes' then o.notes := q.input ->> 'notes'; end if;
    if q.input ? 'assignedTo' then o.assigned_to := (q.input ->> 'assignedTo')::bigint; end if;
    new_assignee := case when o.assigned_to is distinct from before.assigned_to then o.assigned_to end;
    if q.input ? 'items' then
        perform explain_movements(format('Order %s changed', o.id), o.id);
        o := set_lines(o, wanted_lines(q.input -> 'items'), new_assignee);
    else
        perform check_references('{}', '{}', new_assignee);
    end if;
    if before.status = 'Completed' and (q.input ->> 'status' <> 'Completed'
            or (o.customer_name, o.customer_email, o.assigned_to, o.items::text)
               is distinct from (before.customer_name, before.customer_email, before.assigned_to, before.items::text)) then
        perform fail('INVALID_OPERATION', 'A completed order is closed: only its notes can change.');
    end if;
end
$$;

create function orders_update(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    before orders;
    o orders;
    completes boolean;
begin
    select * into before from orders where id = q.id for no key update;
    if before.id is null then
        perform no_order();
    end if;
    perform check_precondition(q, format('"%s"', before.version));
    completes := q.input ->> 'status' = 'Completed' and before.status <> 'Completed';
    if completes and q.input ? 'items' then
        -- Completing takes goods that the edit doesn't move: all are locked before, in id order.
        perform from inventory i
          where i.product_id in (select g.product_id from goods_of(before.items) as g
                                 union select l.product_id from unnest(wanted_lines(q.input -> 'items')) as l)
          order by i.product_id for no key update;
    end if;
    o := edited(q, before);
    if completes then
        o := complete(o);
    else
        o.status := coalesce(q.input ->> 'status', o.status);
    end if;
    if o::text <> before::text then
        update orders
           set customer_name = o.customer_name, customer_email = o.customer_email, items = o.items, status = o.status,
               total = o.total, notes = o.notes, assigned_to = o.assigned_to, stock_reduced = o.stock_reduced,
               completed_at = o.completed_at, version = version + 1, updated_at = clock()
         where id = q.id;
    end if;
    return order_response(q, q.id);
end
$$;

create function orders_delete(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    o orders;
begin
    select * into o from orders where id = q.id for update;
    if o.id is null then
        perform no_order();
    end if;
    perform check_precondition(q, format('"%s"', o.version));
    if o.status = 'Completed' then
        perform fail('INVALID_OPERATION', 'A completed order is closed.');
    end if;
    perform explain_movements(format('Order %s deleted', o.id), o.id);
    perform move_goods(o.items, '{}', o.stock_reduced);
    delete from orders where id = o.id;
    return gone();
end
$$;

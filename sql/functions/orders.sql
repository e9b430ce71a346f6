-- Family orders. Locks: the order first, inventory last and in the order of product ids; so no two
-- requests wait for each other in a circle. (An order's lines hold their products before that: whoever
-- deletes a product doesn't wait for those.)

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
language plpgsql stable as $$
begin
    return (select row('select * from order_wire where true'
            || filter('status = %L', q.input ->> 'status')
            || filter('"customerName" collate "default" ilike %L', containing(q.input ->> 'search'))
            || filter('id in (select order_id from order_lines where product_id = %L)', q.input ->> 'productId')
            || filter('"assignedTo" = %L', q.input ->> 'assignedTo')
            || filter('"createdAt" >= %L', moment(q.input ->> 'from', q.time_zone)::text)
            || filter('"createdAt" < %L', moment(q.input ->> 'to', q.time_zone)::text),
        key, 'id', case key when 'id' then 'bigint' when 'customerName' then 'text' when 'total' then 'numeric'
                            else 'timestamptz' end,
        coalesce(q.input ->> 'sort', '') ~ '^-')::selection
      from (select ltrim(coalesce(q.input ->> 'sort', 'id'), '-') as key) as sort);
end
$$;

select publish_list('orders', 'order_wire', array['', 'id', '-id', 'createdAt', '-createdAt', 'total', '-total', 'customerName',
                                                 '-customerName']);

create function no_order() returns void language sql as $$
    select fail('NOT_FOUND', 'There is no such order.')
$$;

-- The order that the path names, as it is now.
create function order_response(q request) returns response
language plpgsql stable as $$
declare
    body text;
    etag text;
begin
    select "#json", "#etag" into body, etag from order_document where id = q.id;
    if body is null then
        perform no_order();
    end if;
    return single(q, body, etag);
end
$$;

create function orders_read(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me constant actor := authenticate(q);
begin
    return order_response(q);
end
$$;

create function orders_read_many(qs request[]) returns response[]
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp
set plan_cache_mode = force_generic_plan as $$
declare
    who constant actor[] := callers(qs, false);
begin
    return array(
        select case when d.id is not null then row(200, d."#etag", null, d."#json", false)::response end
          from generate_subscripts(qs, 1) as n
          left join lateral (select * from order_document where id = (qs[n]).id and who[n] is distinct from null offset 0) as d on true
         order by n);
end
$$;

call publish_gathered('orders_read', false);

-- One line as the client asked for it; name and price are filled in from the product or from the
-- order's own line of before.
create type wanted_line as (
    n            integer, -- which of the orders that are priced together; from 1
    line         bigint,  -- from 1
    product_id   bigint,
    quantity     numeric,
    price        numeric,
    product_name text
);

create function wanted_lines(items jsonb, n integer default 1) returns setof wanted_line
language sql immutable as $$
    select n, line::bigint, (item ->> 'productId')::bigint, (item ->> 'quantity')::numeric, (item ->> 'price')::numeric, null::text
      from jsonb_array_elements(items) with ordinality as given (item, line)
$$;

-- Refuses what only the database knows: products that don't exist or are archived, an assignee who
-- is no active user.
-- missing: the lines that name such a product
-- assignee: null where none is to be checked
create function check_references(missing bigint[], assignee bigint) returns void
language plpgsql as $$
declare
    wrong jsonb := (select jsonb_object_agg(format('items[%s].productId', line - 1), 'does not exist') from unnest(missing) as line);
begin
    if assignee is not null and not exists (select from users u where u.id = assignee and u.active and not u.deleted) then
        wrong := coalesce(wrong, '{}') || '{"assignedTo": "is not an active user"}';
    end if;
    if wrong is not null then
        perform fail('VALIDATION_ERROR', 'The request is not valid.', wrong);
    end if;
end
$$;

-- What moves when an order of before becomes that of after; to none, where it is null. Goods are
-- reserved until they are off the shelf.
create function goods_moves(before orders, after orders) returns move[]
language plpgsql immutable as $$
begin
    return array(select row(product_id, sum(held), sum(taken))::move
                   from (select product_id, case when after.stock_reduced then 0 else quantity end as held,
                                case when after.stock_reduced then quantity else 0 end as taken
                           from lines_of(after.items)
                         union all
                         select product_id, case when before.stock_reduced then 0 else -quantity end,
                                case when before.stock_reduced then -quantity else 0 end
                           from lines_of(before.items)) as sides
                  group by product_id having sum(held) <> 0 or sum(taken) <> 0);
end
$$;

-- Moves them, last of all that a request does, so that nobody waits for a product that many want for longer
-- than this takes. Refuses what there isn't enough of, and what was archived while nobody held it.
create function settle_goods(before orders, after orders, reason text) returns void
language plpgsql as $$
declare
    explained constant text := explain_movements(reason, coalesce(after.id, before.id));
    moves constant move[] := goods_moves(before, after);
    short constant bigint[] := move_goods(moves);
begin
    if short <> '{}' then
        perform refuse_short(before, after, short);
    end if;
    if exists (select from unnest(moves) as m join products p on p.id = m.product_id where p.archived) then
        perform check_references(array(
            select l.line from lines_of(after.items) as l join products p on p.id = l.product_id
             where p.archived and p.id not in (select product_id from lines_of(before.items))), null);
    end if;
end
$$;

create function refuse_short(before orders, after orders, short bigint[]) returns void
language plpgsql as $$
begin
    perform fail('INSUFFICIENT_STOCK', 'There is not enough stock.',
        (with asked as (select product_id, sum(quantity) as quantity from lines_of(after.items) group by product_id),
              had as (select product_id, sum(quantity) as quantity from lines_of(before.items) group by product_id)
         select jsonb_object_agg(format('items[%s].quantity', l.line - 1), format('asked %s, available %s',
                    trim_scale(a.quantity), trim_scale(i.available + coalesce(h.quantity, 0))))
           from lines_of(after.items) as l
           join asked a on a.product_id = l.product_id
           left join had h on h.product_id = l.product_id
           join inventory i on i.product_id = l.product_id
          where l.product_id = any (short)));
end
$$;

-- The same lines with the names of before and, where they have no price, the prices of before: of the same
-- product, in their turn.
create function as_before(before json, lines wanted_line[]) returns wanted_line[]
language plpgsql immutable as $$
begin
    return (with old as (
        select product_id, product_name, price, row_number() over (partition by product_id order by line) as turn,
               max(line) over (partition by product_id) = line as last
          from lines_of(before)
    ), asked as (
        select l.*, row_number() over (partition by l.product_id order by l.line) as turn from unnest(lines) as l
    )
    select array_agg(row(a.n, a.line, a.product_id, a.quantity, coalesce(a.price, mine.price, any_mine.price),
                         coalesce(mine.product_name, any_mine.product_name))::wanted_line order by a.line)
      from asked a
      left join old mine on mine.product_id = a.product_id and mine.turn = a.turn
      left join old any_mine on any_mine.product_id = a.product_id and any_mine.last);
end
$$;

-- An order's lines as its document, with names, prices and totals.
create type priced_lines as (
    n       integer,  -- which order
    items   json,
    total   numeric,  -- may be more than an order can hold
    most    numeric,  -- of its lines' totals
    lacking boolean,  -- whether a line asks for more than there is at the moment
    missing bigint[]  -- the lines that name no product, or an archived one that the order didn't name before
);

-- Of each of the orders, in one look at the products, which are held against deletion.
create function priced(lines wanted_line[]) returns priced_lines[]
language plpgsql as $$
declare
    result priced_lines[];
begin
    with seen as materialized (
        select p.id, p.name, p.price, p.archived from products p
         where p.id = any (array(select l.product_id from unnest(lines) as l)) order by p.id for key share
    )
    select array_agg(priced) into result
      from (select row(n,
                       concat('[', string_agg(concat('{"productId":', product_id, ',"productName":', to_json(product_name),
                                   ',"quantity":', trim_scale(quantity), ',"price":', price::numeric(12, 2),
                                   ',"lineTotal":', line_total, '}'), ',') filter (where price is not null), ']')::json,
                       sum(line_total), max(line_total), bool_or(short), array_agg(line) filter (where price is null))::priced_lines as priced
              from (select l.n, l.line, l.product_id, coalesce(l.product_name, p.name) as product_name, l.quantity,
                           l.quantity > i.available as short,
                           case when p.id is not null then coalesce(l.price, p.price) end as price,
                           round(l.quantity * coalesce(l.price, p.price), 2) as line_total
                      from unnest(lines) as l
                      left join seen p on p.id = l.product_id and (not p.archived or l.product_name is not null)
                      left join inventory i on i.product_id = p.id
                     order by l.n, l.line) as found
             group by n order by n) as orders;
    return result;
end
$$;

-- The order with these lines.
-- assignee: to be checked; or null
create function with_lines(o orders, p priced_lines, assignee bigint) returns orders
language plpgsql as $$
begin
    if p.missing is not null or assignee is not null then
        perform check_references(p.missing, assignee);
    end if;
    if p.total > 9999999999.99 or p.most > 9999999999.99 then
        perform fail('VALIDATION_ERROR', 'The request is not valid.', '{"items": "come to more than 9999999999.99"}');
    end if;
    o.items := p.items;
    o.total := p.total;
    return o;
end
$$;

-- Completes an order and runs the rules. The caller writes both, and takes what was still reserved.
-- assigned: as for rules
create function complete(inout o orders, inout runs workflow_runs[], assigned assignment[] default '{}')
language plpgsql as $$
declare
    takes constant boolean := not o.stock_reduced;
    s rule_subject;
begin
    o.stock_reduced := true;
    o.status := 'Completed';
    o.completed_at := clock();
    s := run_rules(rules_of('Order Completed'), row(o, null, takes, null, assigned, runs)::rule_subject);
    o := s.an_order;
    runs := s.runs;
end
$$;

-- What a PATCH asks for, on a copy of the order.
create function edited(q request, inout o orders)
language plpgsql as $$
declare
    before orders := o;
    lines wanted_line[];
    new_assignee bigint;
begin
    o.customer_name := coalesce(q.input ->> 'customerName', o.customer_name);
    if q.input ? 'customerEmail' then o.customer_email := q.input ->> 'customerEmail'; end if;
    if q.input ? 'notes' then o.notes := q.input ->> 'notes'; end if;
    if q.input ? 'assignedTo' then o.assigned_to := (q.input ->> 'assignedTo')::bigint; end if;
    new_assignee := case when o.assigned_to is distinct from before.assigned_to then o.assigned_to end;
    if q.input ? 'items' then
        lines := as_before(o.items, array(select l from wanted_lines(q.input -> 'items') as l));
        o := with_lines(o, (priced(lines))[1], new_assignee);
    elsif new_assignee is not null then
        perform check_references(null, new_assignee);
    end if;
    if before.status = 'Completed' and (q.input ->> 'status' <> 'Completed'
            or (o.customer_name, o.customer_email, o.assigned_to, o.items::text)
               is distinct from (before.customer_name, before.customer_email, before.assigned_to, before.items::text)) then
        perform fail('INVALID_OPERATION', 'A completed order is closed: only its notes can change.');
    end if;
end
$$;

-- Here and where orders are created plans are kept: PostgreSQL would else plan what works on lines anew in each
-- call, for the sake of their number.
create function orders_update(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp
set plan_cache_mode = force_generic_plan as $$
declare
    me actor := writer(q);
    before orders;
    o orders;
    completed record;
    takes boolean := false;
begin
    select * into before from orders where id = q.id for no key update;
    if before.id is null then
        perform no_order();
    end if;
    perform check_precondition(q, format('"%s"', before.version));
    o := edited(q, before);
    if q.input ->> 'status' = 'Completed' and before.status <> 'Completed' then
        completed := complete(o, '{}');
        o := completed.o;
        perform write_runs(completed.runs);
        takes := not before.stock_reduced;
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
    if o.items::text <> before.items::text or o.stock_reduced <> before.stock_reduced then
        perform settle_goods(before, o, format(case when takes then 'Order %s completed' else 'Order %s changed' end, o.id));
    end if;
    return order_response(q);
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
    delete from orders where id = o.id;
    perform settle_goods(o, null, format('Order %s deleted', o.id));
    return gone();
end
$$;

-- The checks of the books, as data: what each looks at, what violates it, what to do about that. Table
-- names are unqualified, so the same text runs over the shop's tables and over temporary tables of the
-- same names, into which a backup was read.

-- checked: a query that gives how many things are looked at
-- violations: a query of (ids, problem, remedy); ids is an object, remedy null where the check's holds
-- of_a_file: makes sense for the tables of a backup alone
create function integrity_list()
returns table (name text, checked text, violations text, remedy text, of_a_file boolean)
language sql immutable as $list$
    values
    ('ledger', 'select count(*) from inventory',
     $$select jsonb_build_object('productId', coalesce(i.product_id, m.product_id)),
              case when i.product_id is null then format('The product is gone, but its ledger comes to %s instead of 0.', trim_scale(m.total))
                   else format('%s on hand, but the ledger comes to %s.', trim_scale(i.on_hand), trim_scale(coalesce(m.total, 0))) end,
              format('Find out what changed it (the trail, the last proven backup). Where %1$s is what is on the shelf, write the missing row as the owner: insert into smartflow.movements (product_id, delta, balance, reason) values (%2$s, %3$s, %1$s, ''Correction'');',
                  trim_scale(coalesce(i.on_hand, 0)), coalesce(i.product_id, m.product_id),
                  trim_scale(coalesce(i.on_hand, 0) - coalesce(m.total, 0)))
         from inventory i
         full join (select product_id, sum(delta) as total from movements group by product_id) as m on m.product_id = i.product_id
        where coalesce(i.on_hand, 0) <> coalesce(m.total, 0)$$,
     null, true),

    ('ledger_balances', 'select count(*) from movements',
     $$select jsonb_build_object('productId', product_id, 'movementId', id),
              format('Its balance is %s, but that of the row before and its own delta come to %s.', trim_scale(balance), trim_scale(before + delta)),
              null::text
         from (select id, product_id, delta, balance, lag(balance, 1, 0.0) over (partition by product_id order by id) as before
                 from movements) as m
        where balance <> before + delta$$,
     'A row of the ledger was changed, removed or slipped in. Compare the product''s movements with those of the last proven backup, and count what is on the shelf.', true),

    ('reservations', 'select count(*) from inventory',
     $$select jsonb_build_object('productId', coalesce(i.product_id, l.product_id)),
              format('%s reserved, but open orders hold %s.', trim_scale(coalesce(i.reserved, 0)), trim_scale(coalesce(l.held, 0))),
              format('As the owner: update smartflow.inventory set reserved = %s where product_id = %s;',
                  trim_scale(coalesce(l.held, 0)), coalesce(i.product_id, l.product_id))
         from inventory i
         full join (select l.product_id, sum(l.quantity) as held
                      from order_lines l join orders o on o.id = l.order_id where not o.stock_reduced group by l.product_id) as l
           on l.product_id = i.product_id
        where coalesce(i.reserved, 0) <> coalesce(l.held, 0)$$,
     null, true),

    ('stock_bounds', 'select count(*) from inventory',
     $$select jsonb_build_object('productId', product_id), format('%s on hand, %s of it reserved.', trim_scale(on_hand), trim_scale(reserved)), null::text
         from inventory where not (0 <= reserved and reserved <= on_hand)$$,
     'Count what is on the shelf and book it, then see whether the open orders that name the product can be served.', true),

    ('totals', 'select count(*) from orders',
     $$select jsonb_build_object('orderId', o.id), format('Its total is %s, but its lines come to %s.', o.total, coalesce(l.total, 0)),
              format('As the owner, where the lines are right: update smartflow.orders set total = %s where id = %s;', coalesce(l.total, 0), o.id)
         from orders o
         left join (select order_id, sum(line_total) as total from order_lines group by order_id) as l on l.order_id = o.id
        where o.total <> coalesce(l.total, 0)
       union all
       select jsonb_build_object('orderId', order_id, 'line', line), format('Its total is %s instead of %s.', line_total, round(quantity * price, 2)), null
         from order_lines where line_total <> round(quantity * price, 2)$$,
     'PATCH the order with its items as they should be, or take them from the last proven backup.', true),

    ('order_lines', 'select count(*) from orders',
     $$select jsonb_build_object('orderId', coalesce(d.order_id, l.order_id), 'line', coalesce(d.line, l.line)),
              case when l.order_id is null then 'A line of the order''s items is missing from order_lines.'
                   when d.order_id is null then 'A line of order_lines is missing from the order''s items.'
                   else 'A line says one thing in the order''s items and another in order_lines.' end, null::text
         from (select o.id as order_id, d.line - 1 as line, d.product_id, d.quantity, d.price, d.line_total
                 from orders o
                cross join lateral lines_of(case when json_typeof(o.items) = 'array' then o.items else '[]' end) as d) as d
         full join order_lines l on l.order_id = d.order_id and l.line = d.line
        where (d.product_id, d.quantity, d.price, d.line_total) is distinct from (l.product_id, l.quantity, l.price, l.line_total)
       union all
       select jsonb_build_object('orderId', id), 'Its items are no list.', null from orders where json_typeof(items) <> 'array'$$,
     'Clients see the order''s items. Where they are right, as the owner: delete from smartflow.order_lines where order_id = ID; insert into smartflow.order_lines select ID, line - 1, product_id, quantity, price, line_total from smartflow_api.lines_of((select items from smartflow.orders where id = ID));', true),

    ('references', 'select (select count(*) from order_lines) + (select count(*) from orders) + (select count(*) from notifications)',
     $$select jsonb_build_object('orderId', l.order_id, 'line', l.line, 'productId', l.product_id), 'The product that the line names does not exist.', null::text
         from order_lines l where not exists (select from products p where p.id = l.product_id)
       union all
       select jsonb_build_object('orderId', l.order_id, 'line', l.line), 'The order that the line belongs to does not exist.',
              format('Where the trail says that the order was deleted, as the owner: delete from smartflow.order_lines where order_id = %s;', l.order_id)
         from order_lines l where not exists (select from orders o where o.id = l.order_id)
       union all
       select jsonb_build_object('orderId', o.id, 'userId', o.assigned_to), 'The user whom it is assigned to does not exist.',
              format('PATCH /api/orders/%s with another assignedTo, or null.', o.id)
         from orders o where o.assigned_to is not null and not exists (select from users u where u.id = o.assigned_to)
       union all
       select jsonb_build_object('notificationId', n.id, 'userId', n.user_id), 'The user whom it is for does not exist.',
              format('As the owner: delete from smartflow.notifications where id = %s;', n.id)
         from notifications n where not exists (select from users u where u.id = n.user_id)
       union all
       select jsonb_build_object('ruleId', w.id, 'userId', w.config -> 'userId'), 'The user whom the rule assigns to does not exist.',
              format('PATCH /api/workflows/%s with another config.userId.', w.id)
         from workflows w
        where w.config ? 'userId' and not exists (select from users u where to_jsonb(u.id) = w.config -> 'userId')$$,
     'Bring back what is missing from the last proven backup.', true),

    ('statuses', 'select count(*) from orders',
     $$select jsonb_build_object('orderId', id),
              case when status not in ('Pending', 'Processing', 'Completed') then format('Its status is "%s".', status)
                   when status = 'Completed' and completed_at is null then 'It is completed, but not since when.'
                   when status = 'Completed' then 'It is completed, but has not reduced the stock.'
                   else 'It is open, but has a time of completion.' end, null::text
         from orders
        where status not in ('Pending', 'Processing', 'Completed') or (status = 'Completed') <> (completed_at is not null)
           or (status = 'Completed' and not stock_reduced)$$,
     'The order''s trail says what became of it and when: set status, completed_at and stock_reduced accordingly, as the owner.', true),

    ('ordered_products', 'select count(*) from inventory',
     $$select jsonb_build_object('productId', i.product_id), 'An order names the product, but it is marked as never ordered, so it could be deleted.',
              format('As the owner: update smartflow.inventory set ordered = true where product_id = %s;', i.product_id)
         from inventory i where not i.ordered and exists (select from order_lines l where l.product_id = i.product_id)$$,
     null, true),

    ('archived_products', 'select count(*) from orders where status <> ''Completed''',
     $$select distinct jsonb_build_object('orderId', o.id, 'productId', p.id), 'The open order names an archived product.',
              format('PATCH /api/products/%s with {"archived": false}, or change the order.', p.id)
         from orders o join order_lines l on l.order_id = o.id join products p on p.id = l.product_id
        where o.status <> 'Completed' and p.archived$$,
     null, true),

    ('inventory', 'select count(*) from products',
     $$select jsonb_build_object('productId', coalesce(p.id, i.product_id)),
              case when p.id is null then 'There is stock of a product that does not exist.' else 'The product has no stock, not even none.' end,
              case when p.id is not null then format('As the owner: insert into smartflow.inventory (product_id, on_hand, min_stock, ordered) values (%s, 0, 0, true);', p.id) end
         from products p full join inventory i on i.product_id = p.id
        where p.id is null or i.product_id is null$$,
     'Bring back the product from the last proven backup.', true),

    ('skus', 'select count(*) from products where sku is not null',
     $$select jsonb_build_object('productId', p.id), format('Its SKU "%s" is that of product %s too.', p.sku, f.id),
              format('PATCH /api/products/%s with another sku, then as the owner: reindex index smartflow.products_sku;', p.id)
         from products p join (select sku, min(id) as id from products where not archived and sku is not null group by sku) as f on f.sku = p.sku
        where not p.archived and p.id <> f.id$$,
     null, true),

    ('audit_chain', 'select coalesce(sum(rows), 0) from (select rows from audit_chain union all select rows from audit_segments) as chains',
     'select ids, problem, null::text from audit_chain_violations()',
     'Somebody with the rights of the tables'' owner or of a superuser did this. Find out who had them; see what the rows were in the last proven backup, whose own trail smartflow audit verify FILE --head HEX holds against a head that was kept elsewhere.', false),

    ('counters', 'select count(*) from counter_differences(false)', 'select * from counter_differences(true)',
     'Have them counted anew: smartflow recount', false),

    ('sequences', 'select count(*) from identity_sequences()',
     $$select jsonb_build_object('table', table_name), format('Its next id would be %s, but there is a row %s.', last_id + 1, highest_id),
              format('As the owner: select setval(''smartflow.%1$I_id_seq'', %2$s);', table_name, highest_id)
         from identity_sequences() where last_id < highest_id$$,
     null, false)
$list$;

-- What summary, statistics and health say beside what counting everything says, in the caller's snapshot.
-- different: only where they differ
create function counter_differences(different boolean) returns table (ids jsonb, problem text, remedy text)
language sql stable as $$
    with compared as (
        select jsonb_build_object('counter', 'orders', 'status', status) as ids, array[k.orders, k.value] as kept, array[c.orders, c.value] as counted
          from kept_orders k full join counted_orders c using (status)
        union all
        select jsonb_build_object('counter', 'sales', 'bucket', rfc3339(bucket)), array[k.orders, k.revenue], array[c.orders, c.revenue]
          from (select bucket, sum(orders) as orders, sum(revenue) as revenue from kept_sales group by bucket) as k
          full join counted_sales c using (bucket)
        union all
        select jsonb_build_object('counter', 'salesThrough', 'bucket', rfc3339(bucket)), array[orders_through, revenue_through],
               array[sum(orders) over (order by bucket), sum(revenue) over (order by bucket)]
          from sales
        union all
        select jsonb_build_object('counter', 'inventory'), array[k.products, k.archived, k.units, k.value, k.low_stock, k.out_of_stock],
               array[c.products, c.archived, c.units, c.value, c.low_stock, c.out_of_stock]
          from kept_inventory k cross join counted_inventory c
        union all
        select jsonb_build_object('counter', 'productSales', 'productId', product_id, 'bucket', rfc3339(bucket)),
               array[k.quantity, k.revenue], array[c.quantity, c.revenue]
          from (select product_id, bucket, sum(quantity) as quantity, sum(revenue) as revenue
                  from (select product_id, bucket, quantity, revenue from product_sales
                        union all select product_id, bucket, quantity, revenue from unfolded_sales) as parts
                 where bucket >= sales_horizon() group by product_id, bucket) as k
          full join counted_product_sales c using (product_id, bucket)
        union all
        select jsonb_build_object('counter', 'topSales', 'productId', product_id), array[k.quantity, k.revenue], array[c.quantity, c.revenue]
          from top_sales k
          full join (select product_id, sum(quantity) as quantity, sum(revenue) as revenue from product_sales group by product_id) as c using (product_id)
        union all
        select jsonb_build_object('counter', 'openOrders', 'userId', user_id), array[k.orders], array[c.orders]
          from (select user_id, sum(orders) as orders from open_order_counts group by user_id) as k
          full join (select assigned_to as user_id, count(*) as orders from orders
                      where assigned_to is not null and status <> 'Completed' group by assigned_to) as c using (user_id)
        union all
        select jsonb_build_object('counter', 'rows', 'table', table_name), array[k.rows], array[c.rows]
          from kept_rows k
          full join (select 'audit_log' as table_name, count(*) as rows from audit_log
                     union all select 'movements', count(*) from movements
                     union all select 'notifications', count(*) from notifications
                     union all select 'workflow_runs', count(*) from workflow_runs) as c using (table_name)
    )
    select ids, format('It says %s, counting says %s.', array_to_string(kept, ', '), array_to_string(counted, ', ')), null::text
      from compared
     where not different
        or exists (select from unnest(kept, counted) as figure (kept, counted) where coalesce(figure.kept, 0) <> coalesce(figure.counted, 0))
$$;

create function identity_sequences() returns table (table_name text, last_id bigint, highest_id bigint)
language plpgsql stable as $$
declare
    of_table text;
begin
    for of_table in
        select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = 'smartflow'::regnamespace and a.attname = 'id' and a.attidentity <> '' order by 1
    loop
        return query execute format('select %L, coalesce(pg_sequence_last_value(pg_get_serial_sequence(%L, ''id'')::regclass), 0),'
                                    ' coalesce((select max(id) from smartflow.%I), 0)', of_table, 'smartflow.' || of_table, of_table);
    end loop;
end
$$;

-- Runs one check on the tables of the caller's search_path. At most 100 violations are listed; how many
-- there are says violationCount. A check that breaks over what it finds has found something.
create function run_check(name text, checked text, violations text, remedy text) returns json
language plpgsql as $$
declare
    looked_at bigint;
    found bigint;
    listed json;
    cause text;
begin
    execute checked into looked_at;
    execute format($query$
        select count(*), coalesce(json_agg(ids || jsonb_build_object('problem', problem, 'remedy', coalesce(remedy, %L)) order by n)
                                  filter (where n <= 100), '[]')
          from (select row_number() over () as n, * from (%s) as v (ids, problem, remedy)) as v
        $query$, remedy, violations) into found, listed;
    return json_build_object('name', name, 'ok', found = 0, 'checked', looked_at, 'violationCount', found, 'violations', listed);
exception when data_exception or program_limit_exceeded then
    get stacked diagnostics cause = message_text;
    return json_build_object('name', name, 'ok', false, 'checked', coalesce(looked_at, 0), 'violationCount', 1, 'violations',
        json_build_array(json_build_object('problem', 'What it looks at cannot be read: ' || cause,
            'remedy', 'Compare the tables with the last proven backup.')));
end
$$;

-- All checks, in order, on the tables of the caller's search_path; of one snapshot where the caller's
-- transaction is repeatable read.
create function run_integrity(only_of_a_file boolean default false) returns json
language plpgsql as $$
declare
    one record;
    checks json[] := '{}';
begin
    for one in select * from integrity_list() as l where l.of_a_file or not only_of_a_file loop
        checks := checks || run_check(one.name, one.checked, one.violations, one.remedy);
    end loop;
    return array_to_json(checks);
end
$$;

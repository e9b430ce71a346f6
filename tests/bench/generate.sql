-- A shop of many products and orders for measuring:
--     psql -v orders=1000000 -v products=10000000 -v days=90 -f generate.sql
-- Two lines an order; the newest 400 came in on the last day and are open, those before are completed, spread evenly
-- over the other days. What the triggers write row by row (ledger, trail, lines, totals) is written set by set, with
-- indexes and foreign keys made at the end, since ten million products would else take an hour; at the end the full
-- check says whether the books balance. All or nothing: one transaction.

\set ON_ERROR_STOP on
begin;
set local search_path = smartflow_api, smartflow;
set local synchronous_commit = off;
set local maintenance_work_mem = '512MB';
set local work_mem = '256MB';
-- Before ids are taken: see advance_settled.
select pg_current_xact_id() as mine \gset
select coalesce(max(id), 0) as before_orders from orders \gset
select :products > 20000 or :orders > 20000 as large \gset

-- Whoever folds the totals holds this while he wants the tables: first this, then they.
select pg_advisory_xact_lock(fold_lock(), 0);
alter table products disable trigger user;
alter table inventory disable trigger user;
alter table orders disable trigger user;

\if :large
    create temporary table remade on commit drop as
    select 1 as turn, format('drop index %s', indexrelid::regclass) as away, pg_get_indexdef(indexrelid) as back
      from pg_index join pg_class on oid = indrelid
     where relnamespace = 'smartflow'::regnamespace
       and relname in ('products', 'inventory', 'orders', 'order_lines', 'movements', 'audit_log', 'workflow_runs')
       and not exists (select from pg_constraint where conindid = indexrelid)
    union all
    select 2, format('alter table %s drop constraint %I', conrelid::regclass, conname),
           format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
      from pg_constraint where contype = 'f' and conrelid in ('inventory'::regclass, 'order_lines'::regclass);
    select away from remade \gexec
\endif

-- The products, with their first stock.
create temporary table made on commit drop as select nextval('products_id_seq') as id, n from generate_series(1, :products) as n;
insert into products (id, name, sku, category, price)
overriding system value
select id, 'Bench ' || n, 'BENCH-' || id, 'Bench', 1 + n % 97 + 0.05 * (n % 20) from made;
insert into inventory (product_id, on_hand, min_stock, ordered)
select id, 9000000, id % 7, true from made;
insert into movements (product_id, delta, balance, reason)
select id, 9000000, 9000000, 'Initial stock' from made;
insert into audit_log (action, entity, entity_id, changes)
select 'create', 'product', id,
       format('{"sku": {"from": null, "to": %s}, "name": {"from": null, "to": %s}, "price": {"from": null, "to": %s}, "stock": {"from": null, "to": 9000000}, '
              '"archived": {"from": null, "to": false}, "category": {"from": null, "to": "Bench"}, "minStock": {"from": null, "to": %s}}',
              to_json(sku), to_json(p.name), p.price, id % 7)::json
  from made join products p using (id);
create unique index on made (n);
analyze made, products;

-- What was ordered: the products of low numbers more often.
create temporary table placed on commit drop as
select w.n, :before_orders + w.n as order_id, case when w.n <= :orders - 400
            then now() - interval '1 day' - make_interval(days => :days - 1) / greatest(:orders - 400, 1) * (:orders - 400 - w.n)
            else now() - interval '1 day' / 400 * (:orders - w.n) end as at,
       w.n <= :orders - 400 as completed, w.line, p.id as product_id, w.quantity, p.name, p.price, w.quantity * p.price as total
  from (select n, line, (1 + (n + line) % 4)::numeric as quantity, 1 + floor(power(random(), 2) * :products)::bigint as product
          from generate_series(1, :orders) as n cross join generate_series(0, 1) as line) as w
  join made m on m.n = w.product
  join products p on p.id = m.id;
insert into orders (id, customer_name, items, status, total, stock_reduced, created_at, updated_at, completed_at)
overriding system value
select order_id, 'Customer ' || n % 9973,
       ('[' || string_agg(format('{"productId":%s,"productName":%s,"quantity":%s,"price":%s,"lineTotal":%s}', product_id, to_json(name), quantity, price, total), ','
                          order by line) || ']')::json,
       case when completed then 'Completed' else 'Pending' end, sum(total), true, at, at, case when completed then at end
  from placed group by order_id, n, at, completed order by order_id;
select setval('orders_id_seq', :before_orders + greatest(:orders, 1)) where :orders > 0;
insert into order_lines (order_id, line, product_id, quantity, price, line_total)
select order_id, line, product_id, quantity, price, total from placed order by order_id, line;
insert into movements (product_id, delta, balance, reason, order_id, created_at)
select product_id, -quantity, 9000000 - sum(quantity) over (partition by product_id order by order_id, line), 'Order ' || order_id || ' completed', order_id, at
  from placed order by order_id, line;
update inventory i set on_hand = on_hand - s.quantity
  from (select product_id, sum(quantity) as quantity from placed group by product_id) as s where i.product_id = s.product_id;
insert into audit_log (at, action, entity, entity_id, changes)
select created_at, 'create', 'order', id,
       format('{"items": {"from": null, "to": %s}, "total": {"from": null, "to": %s}, "status": {"from": null, "to": "%s"}, "customerName": {"from": null, "to": %s}}',
              items, total, status, to_json(customer_name))::json
  from orders where id > :before_orders order by id;
insert into workflow_runs (rule_id, rule_name, trigger, action, order_id, outcome, reason, created_at)
select 1, 'Bench', 'New Order', 'Reduce Stock', id, 'done', 'Took the goods of 2 lines.', created_at
  from orders where id > :before_orders order by id;

\if :large
    select back from remade order by turn \gexec
\endif
alter table products enable trigger user;
alter table inventory enable trigger user;
alter table orders enable trigger user;
select recount();
analyze;
commit;

-- How many rows there are is known once the ids up to a barrier are settled: one turn sets it, one counts.
set search_path = smartflow_api, smartflow;
select advance_settled(1000000000);
select advance_settled(1000000000);

-- Of one moment: sales leave the last 30 days while it lasts.
begin isolation level repeatable read;
do $$
declare
    wrong constant text := (select string_agg(c ->> 'name', ', ') from json_array_elements(run_integrity()) as c where not (c ->> 'ok')::boolean);
begin
    if wrong is not null then
        raise exception 'the generated shop''s books don''t balance: %', wrong;
    end if;
end
$$;
commit;

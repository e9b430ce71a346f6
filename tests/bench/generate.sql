-- A shop of many orders for measuring, through the same triggers as every other change, so that its
-- books balance: psql -v orders=1000000 -v products=1000 -v days=90 -f generate.sql
-- Two lines an order; all but the newest 400 are completed, spread evenly over the last days.
-- Not inside a transaction: it commits every 10000 products and every 1000 orders.

select set_config('bench.orders', :'orders', false), set_config('bench.products', :'products', false),
       set_config('bench.days', :'days', false), set_config('search_path', 'smartflow_api, smartflow', false),
       set_config('synchronous_commit', 'off', false);

do $$
declare
    products constant integer := current_setting('bench.products')::integer;
    first bigint;
begin
    for done in 0..products - 1 by 10000 loop
        with made as (
            insert into products (name, sku, category, price)
            select 'Bench ' || n, 'BENCH-' || gen_random_uuid(), 'Bench', 1 + n % 97 + 0.05 * (n % 20)
              from generate_series(done + 1, least(done + 10000, products)) as n
            returning id
        )
        select min(id) into first from made;
        insert into inventory (product_id, on_hand, min_stock, ordered)
        select id, 9000000, id % 7, true from products where id >= first;
        perform set_config('bench.first', first::text, false) where done = 0;
        commit;
        if done % 100000 = 0 then
            analyze products;
            analyze inventory;
        end if;
    end loop;
end
$$;

do $$
declare
    orders constant integer := current_setting('bench.orders')::integer;
    products constant integer := current_setting('bench.products')::integer;
    first constant bigint := current_setting('bench.first')::bigint;
    apart constant interval := make_interval(days => current_setting('bench.days')::integer) / orders;
begin
    create temporary table placed (n integer, at timestamptz, completed boolean, line integer, product_id bigint,
                                   quantity integer, name text, price numeric);
    for done in 0..orders - 1 by 1000 loop
        truncate placed;
        insert into placed
        select n, now() - apart * (orders - n), n < orders - 400, line, p.id, 1 + (n + line) % 4, p.name, p.price
          from (select n, line, first + floor(power(random(), 2) * products)::bigint as product_id
                  from generate_series(done, least(done + 1000, orders) - 1) as n cross join generate_series(0, 1) as line) as wanted
          join smartflow.products p on p.id = wanted.product_id;
        perform explain_movements('Bench');
        update inventory i set on_hand = on_hand - s.quantity
          from (select product_id, sum(quantity) as quantity from placed group by product_id) as s where i.product_id = s.product_id;
        insert into smartflow.orders (customer_name, items, status, total, stock_reduced, created_at, updated_at, completed_at)
        select 'Customer ' || n % 9973,
               ('[' || string_agg(format('{"productId":%s,"productName":%s,"quantity":%s,"price":%s,"lineTotal":%s}', product_id,
                           to_json(name), quantity, price::numeric(12, 2), (quantity * price)::numeric(12, 2)), ',' order by line) || ']')::json,
               case when completed then 'Completed' else 'Pending' end, sum(quantity * price), true, at, at, case when completed then at end
          from placed group by n, at, completed order by n;
        insert into workflow_runs (rule_id, rule_name, trigger, action, order_id, outcome, reason, created_at)
        select 1, 'Bench', 'New Order', 'Reduce Stock', null, 'done', 'Took the goods of 2 lines.', at from placed where line = 0;
        commit;
    end loop;
end
$$;

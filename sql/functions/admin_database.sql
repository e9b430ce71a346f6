-- Family admin_database: summary, health, integrity.

-- Something sold in a window of time.
create type sold as (product_id bigint, quantity numeric, revenue numeric);

-- The ten products that brought in most between two moments, at a cost that doesn't grow with the
-- orders: top_sales, in its order, are bounds from above, from which what lies outside the window is
-- subtracted. Once the next bound is below the tenth, nothing better can come.
create function top_products(since timestamptz, until timestamptz) returns sold[]
language plpgsql stable as $$
declare
    best sold[];
    bound sold;
    looked_at integer := 20;
    many text;
begin
    loop
        many := set_config('smartflow.page', looked_at::text, true);
        best := best_of(since, until);
        select product_id, quantity, revenue into bound
          from top_sales order by revenue desc, quantity desc, product_id offset looked_at - 1 limit 1;
        exit when bound.product_id is null
               or (best[10].revenue, best[10].quantity, -best[10].product_id) >= (bound.revenue, bound.quantity, -bound.product_id);
        looked_at := looked_at * 4;
    end loop;
    return best;
end
$$;

-- The ten best among page_limit() of the highest bounds and whatever isn't folded yet.
create function best_of(since timestamptz, until timestamptz) returns sold[]
language plpgsql stable as $$
begin
    return (with fresh as materialized (
        select product_id, sum(quantity) as quantity, sum(revenue) as revenue
          from unfolded_sales where bucket >= since and bucket < until group by product_id
    ), candidates as (
        (select product_id from top_sales order by revenue desc, quantity desc, product_id limit page_limit())
        union select product_id from fresh
    ), exact as (
        select c.product_id, coalesce(t.quantity, 0) - outside.quantity + coalesce(f.quantity, 0) as quantity,
               coalesce(t.revenue, 0) - outside.revenue + coalesce(f.revenue, 0) as revenue
          from candidates c
          left join top_sales t on t.product_id = c.product_id
          left join fresh f on f.product_id = c.product_id
         cross join lateral (
               select coalesce(sum(quantity), 0) as quantity, coalesce(sum(revenue), 0) as revenue
                 from (select quantity, revenue from product_sales s where s.product_id = c.product_id and s.bucket < since
                       union all
                       select quantity, revenue from product_sales s where s.product_id = c.product_id and s.bucket >= until) as parts
               ) as outside
    )
    select array_agg(row(e.product_id, e.quantity, e.revenue)::sold order by e.revenue desc, e.quantity desc, e.product_id)
      from (select e.* from exact e join products p on p.id = e.product_id
             where e.quantity > 0 order by e.revenue desc, e.quantity desc, e.product_id limit 10) as e);
end
$$;

-- In one snapshot, the caller's.
create function summary_document(time_zone text) returns text
language plpgsql stable as $$
declare
    today constant date := (clock() at time zone time_zone)::date;
    -- where the days begin; the last one ends the last
    days constant timestamptz[] := array(select (today - 29 + n)::timestamp at time zone time_zone from generate_series(0, 30) as n order by n);
    daily json;
    revenue numeric[]; -- of the last day, 7, 30
    answer json;
begin
    -- Day by day what is folded, the difference between its ends, and all at once the few that aren't.
    select json_agg(json_build_object('date', today - 30 + day.n, 'orders', day.orders, 'revenue', day.revenue::numeric(14, 2)) order by day.n),
           array[sum(day.revenue) filter (where day.n = 30), sum(day.revenue) filter (where day.n > 23), sum(day.revenue)]
      into daily, revenue
      from (select d.n, coalesce(folded.orders, 0) + coalesce(fresh.orders, 0) as orders,
                   coalesce(folded.revenue, 0) + coalesce(fresh.revenue, 0) as revenue
              from generate_series(1, 30) as d (n)
              left join (select ends.n, lead(ends.orders) over (order by ends.n) - ends.orders as orders,
                                lead(ends.revenue) over (order by ends.n) - ends.revenue as revenue
                           from (select e.n, coalesce(s.orders_through, 0) as orders, coalesce(s.revenue_through, 0) as revenue
                                   from generate_series(1, 31) as e (n)
                                   left join lateral (select orders_through, revenue_through from sales
                                                       where bucket < days[e.n] order by bucket desc limit 1) as s on true) as ends)
                   as folded on folded.n = d.n
              left join (select width_bucket(completed_at, days) as n, sum(sign) as orders, sum(value) as revenue
                           from unfolded where completed_at is not null group by 1) as fresh on fresh.n = d.n) as day;
    select json_build_object(
               'orders', json_build_object('total', sum(o.orders), 'byStatus', json_object_agg(o.status, o.orders
                   order by array_position(array['Pending', 'Processing', 'Completed'], o.status))),
               'revenue', json_build_object(
                   'completed', coalesce(sum(o.value) filter (where o.status = 'Completed'), 0)::numeric(30, 2),
                   'open', coalesce(sum(o.value) filter (where o.status <> 'Completed'), 0)::numeric(30, 2),
                   'today', revenue[1]::numeric(30, 2), 'last7Days', revenue[2]::numeric(30, 2), 'last30Days', revenue[3]::numeric(30, 2)),
               'daily', daily,
               'inventory', (select json_build_object('products', products, 'units', trim_scale(units), 'value', round(value, 2),
                                                      'lowStock', low_stock, 'outOfStock', out_of_stock) from kept_inventory),
               'topProducts', (select coalesce(json_agg(json_build_object('productId', best.product_id, 'name', p.name,
                                                   'quantity', trim_scale(best.quantity), 'revenue', best.revenue::numeric(30, 2)) order by n), '[]')
                                 from unnest(top_products(days[1], days[31])) with ordinality as best (product_id, quantity, revenue, n)
                                 join products p on p.id = best.product_id))
      into answer
      from kept_orders o;
    return answer::text;
end
$$;

-- Plans are kept: PostgreSQL would else plan the best ten anew in each call, for the sake of its two moments, which
-- takes longer than finding them.
create function admin_database_summary(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp
set plan_cache_mode = force_generic_plan as $$
declare
    answer text;
begin
    perform authenticate(q);
    perform fold_before_reading();
    answer := summary_document(q.time_zone);
    return row(200, null, null, answer, false)::response;
end
$$;

-- A line of the health report; nothing in it is ever null.
create function health_check(name text, status text, message text, more jsonb default '{}') returns jsonb
language sql immutable as $$
    select jsonb_build_object('name', name, 'status', status, 'message', message) || more
$$;

-- expected: the schema version that the program was made for
create function health_of_schema(expected bigint) returns jsonb
language plpgsql stable as $$
begin
    return (select case when version = expected or expected is null then health_check('schema', 'ok', format('Version %s.', version))
                else health_check('schema', 'unhealthy', format('The database is at version %s, the program was made for %s: run smartflow migrate.', version, expected)) end
      from (select max(version) as version from migrations where status = 'applied') as present);
end
$$;

-- Books that don't balance degrade the shop and don't take it down: it goes on serving, and no restart
-- or other host behind the same balancer would serve better.
create function health_of_books() returns jsonb
language plpgsql stable as $$
declare
    last integrity_runs;
begin
    select * into last from integrity_runs order by id desc limit 1;
    if last.id is null then
        return health_check('integrity', 'ok', 'Never checked in full.', '{"checkedAt": null, "problems": 0}');
    end if;
    return health_check('integrity', case when last.ok then 'ok' else 'degraded' end,
        case when last.ok then 'No problems at the last full check.'
             else format('%s problems at the last full check: %s.', last.problems, array_to_string(last.failing, ', ')) end,
        jsonb_build_object('checkedAt', rfc3339(last.at), 'problems', last.problems));
end
$$;

-- Looked up as long as open orders are few; else what the last full check said counts.
create function health_of_orders() returns jsonb
language plpgsql stable as $$
declare
    last integrity_runs;
    wrong bigint[];
begin
    if (select sum(orders) from kept_orders where status <> 'Completed') > 300 then
        select * into last from integrity_runs order by id desc limit 1;
        return health_check('orderedProducts', case when last.failing && array['archived_products', 'references'] then 'degraded' else 'ok' end,
            case when last.id is null then 'More than 300 open orders: only a full check looks at them, and there was none yet.'
                 when last.failing && array['archived_products', 'references']
                     then 'At the last full check orders named products that are missing or archived.'
                 else 'No open order named a missing or archived product at the last full check.' end);
    end if;
    -- Order by order, product by product: no plan may read all lines.
    wrong := array(select distinct o.id
                     from (select id from orders where status in ('Pending', 'Processing') limit 301) as o
                    cross join lateral (select product_id from order_lines where order_id = o.id offset 0) as l
                    where (select not p.archived from products p where p.id = l.product_id) is distinct from true
                    order by o.id limit 100);
    return case when wrong = '{}' then health_check('orderedProducts', 'ok', 'No open order names a missing or archived product.')
                else health_check('orderedProducts', 'degraded', 'Open orders name products that are missing or archived.',
                                  jsonb_build_object('orderIds', wrong)) end;
end
$$;

create function health_of_outbox() returns jsonb
language plpgsql stable as $$
declare
    late constant bigint := (select count(*) from (select from deliveries
                              where state = 'pending' and created_at < now() - interval '15 minutes' limit 1000) as few);
    failed constant bigint := (select count(*) from (select from deliveries
                                where state = 'failed' and id in (select id from deliveries where state = 'failed' order by id desc limit 1000)
                                  and exists (select from delivery_attempts a where a.delivery_id = deliveries.id and a.at > now() - interval '1 day')) as few);
begin
    return health_check('outbox', case when late > 0 or failed > 0 then 'degraded' else 'ok' end,
        case when late > 0 or failed > 0
             then format('%s have waited for more than 15 minutes, %s failed within the last day.', late, failed)
             else 'Nothing waits for long, nothing failed within the last day.' end,
        jsonb_build_object('late', late, 'failed', failed));
end
$$;

create function health_of_backup() returns jsonb
language plpgsql stable as $$
declare
    proven constant timestamptz := (select max(exported_at) from backups where proven_at is not null);
    installed constant timestamptz := (select min(started_at) from migrations);
begin
    return health_check('backup', case when coalesce(proven, installed) < now() - interval '2 days' then 'degraded' else 'ok' end,
        case when proven is null then 'There is no proven backup yet.'
             else format('The last proven backup is %s hours old.', floor(extract(epoch from now() - proven) / 3600)) end,
        jsonb_build_object('lastProvenBackup', rfc3339(proven)));
end
$$;

create function health_of_stock() returns jsonb
language plpgsql stable as $$
begin
    return (select health_check('lowStock', 'ok', case when low_stock = 1 then '1 product is below its minimum.'
                                               else format('%s products are below their minimum.', low_stock) end)
      from kept_inventory);
end
$$;

create function health_document(expected bigint) returns json
language plpgsql stable as $$
declare
    checks constant jsonb[] := array[health_check('database', 'ok', 'It answers.'), health_of_schema(expected), health_of_books(),
                                     health_of_orders(), health_of_stock(), health_of_outbox(), health_of_backup()];
begin
    return json_build_object(
        'status', (select case when bool_or(c ->> 'status' = 'unhealthy') then 'unhealthy' when bool_or(c ->> 'status' = 'degraded') then 'degraded'
                               else 'healthy' end from unnest(checks) as c),
        'checkedAt', rfc3339(now()),
        'checks', to_json(checks),
        'lowStock', json_build_object('count', (select low_stock from kept_inventory),
            'products', (select coalesce(json_agg(json_build_object('id', id, 'name', name, 'stock', trim_scale(on_hand),
                                                                    'minStock', trim_scale(min_stock)) order by id), '[]')
                           from (select p.id, p.name, i.on_hand, i.min_stock from inventory i join products p on p.id = i.product_id
                                  where i.on_hand < i.min_stock and not p.archived order by i.product_id limit 100) as low)));
end
$$;

create function admin_database_health(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    answer json;
begin
    perform authenticate(q);
    perform fold_before_reading();
    answer := health_document((q.input ->> 'schemaVersion')::bigint);
    return row(case answer ->> 'status' when 'unhealthy' then 503 else 200 end, null, null, answer::text, false)::response;
end
$$;

-- Every check. The caller's transaction is repeatable read, so that all see one snapshot; it locks
-- nothing that a running shop needs. What was found is kept for health.
create function admin_database_integrity(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp
set max_parallel_workers_per_gather = 2 as $$
declare
    checks json;
    failing text[];
    problems bigint;
begin
    perform authenticate(q);
    checks := run_integrity();
    select coalesce(array_agg(c ->> 'name') filter (where not (c ->> 'ok')::boolean), '{}'), sum((c ->> 'violationCount')::bigint)
      into failing, problems from json_array_elements(checks) as c;
    insert into integrity_runs (ok, problems, failing) values (failing = '{}', problems, failing);
    return row(200, null, null, json_build_object('ok', failing = '{}', 'checks', checks)::text, false)::response;
end
$$;

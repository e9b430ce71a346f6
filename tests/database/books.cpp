#include "books.hpp"

#include "migrate.hpp"

namespace smartflow {
namespace {

constexpr const char *search_path = "set search_path = smartflow_api, smartflow, public";

constexpr const char *functions = R"(
create schema books;
insert into users (username, name, role, password_hash)
values ('admin', 'Ada', 'admin', '-'), ('staff', 'Stan', 'staff', '-');
insert into credentials (user_id, kind, digest, name) values (1, 'token', '\x01', 'tests');

create function books.ask(function text, id bigint, input jsonb) returns response
language plpgsql as $$
declare
    reply response;
begin
    execute format('select * from smartflow_api.%I($1)', function) into reply
      using row('\x01'::bytea, 'admin', true, false, 'test', null, null, null, null, null, null, id, 'UTC', input)::request;
    return reply;
end
$$;

-- The same, where a refusal is an outcome like any other.
create function books.try(function text, id bigint, input jsonb) returns void
language plpgsql as $$
begin
    perform books.ask(function, id, input);
exception when sqlstate 'SF400' or sqlstate 'SF404' or sqlstate 'SF409' then
    null;
end
$$;

create function books.any(of_table regclass) returns bigint
language plpgsql as $$
declare
    id bigint;
begin
    execute format('select id from %s order by random() limit 1', of_table) into id;
    return id;
end
$$;

create function books.items() returns jsonb
language sql as $$
    select jsonb_agg(jsonb_build_object('productId', id, 'quantity', (array[1, 2, 0.5, 3.125])[1 + floor(random() * 4)]))
      from (select id from products where not archived order by random() limit 1 + floor(random() * 3)::integer) as chosen
$$;

-- Sometimes now, sometimes a moment of the last forty days, near midnight by preference.
create function books.set_clock() returns void
language sql as $$
    select set_config('smartflow.clock', case when random() < 0.3 then ''
        else (date_trunc('day', now()) - floor(random() * 40) * interval '1 day'
              + (random() - 0.5) * interval '14 hours')::text end, true)
$$;

create function books.step() returns void
language plpgsql as $$
declare
    dice constant double precision := random();
begin
    perform books.set_clock();
    case
        when dice < 0.10 then perform books.ask('products_create', null, jsonb_build_object('name', 'P' || floor(random() * 1000),
            'stock', floor(random() * 50), 'minStock', floor(random() * 10), 'price', floor(random() * 1000) / 100));
        when dice < 0.15 then perform books.try('products_adjust', books.any('products'), '{"delta": 20.5, "reason": "bought"}');
        when dice < 0.25 then perform books.try('products_update', books.any('products'),
            jsonb_build_object('price', floor(random() * 1000) / 100, 'minStock', floor(random() * 10)));
        when dice < 0.28 then perform books.try('products_update', books.any('products'), '{"archived": true}');
        when dice < 0.31 then perform books.try('products_update', books.any('products'), '{"archived": false, "stock": 30}');
        when dice < 0.33 then perform books.try('products_delete', books.any('products'), '{}');
        when dice < 0.60 then perform books.try('orders_create', null, jsonb_build_object('customerName', 'Ann', 'items', books.items(),
            'status', (array['Pending', 'Processing', 'Completed'])[1 + floor(random() * 3)]));
        when dice < 0.68 then perform books.try('orders_update', books.any('orders'), jsonb_build_object('items', books.items()));
        when dice < 0.80 then perform books.try('orders_update', books.any('orders'), '{"status": "Completed"}');
        when dice < 0.85 then perform books.try('orders_update', books.any('orders'), '{"status": "Processing", "assignedTo": 2}');
        when dice < 0.92 then perform books.try('orders_delete', books.any('orders'), '{}');
        -- what no client can do
        when dice < 0.94 then delete from orders where id = books.any('orders') and status = 'Completed';
        when dice < 0.96 then update products set price = price * 1.5 where id % 3 = 0;
        when dice < 0.98 then update orders set completed_at = completed_at - interval '20 hours' where id % 5 = 0;
        else perform fold_tallies(floor(random() * 20)::integer);
    end case;
end
$$;

create function books.revenue(zone text, days integer) returns numeric
language sql as $$
    select coalesce(sum(total), 0)::numeric(30, 2) from orders
     where (completed_at at time zone zone)::date > (now() at time zone zone)::date - days
       and (completed_at at time zone zone)::date <= (now() at time zone zone)::date
$$;

create function books.expected(zone text) returns jsonb
language sql as $$
    select jsonb_build_object(
        'orders', (select jsonb_build_object('total', count(*), 'byStatus', jsonb_build_object(
                       'Pending', count(*) filter (where status = 'Pending'),
                       'Processing', count(*) filter (where status = 'Processing'),
                       'Completed', count(*) filter (where status = 'Completed'))) from orders),
        'revenue', jsonb_build_object(
            'completed', (select coalesce(sum(total), 0)::numeric(30, 2) from orders where status = 'Completed'),
            'open', (select coalesce(sum(total), 0)::numeric(30, 2) from orders where status <> 'Completed'),
            'today', books.revenue(zone, 1), 'last7Days', books.revenue(zone, 7), 'last30Days', books.revenue(zone, 30)),
        'daily', (select jsonb_agg(jsonb_build_object('date', day, 'orders', orders, 'revenue', revenue) order by day)
                    from (select (now() at time zone zone)::date - n as day from generate_series(0, 29) as n) as days
                   cross join lateral (select count(*) as orders, coalesce(sum(total), 0)::numeric(30, 2) as revenue from orders
                                        where (completed_at at time zone zone)::date = day) as of_day),
        'inventory', (select jsonb_build_object('products', count(*), 'units', coalesce(trim_scale(sum(on_hand)), 0),
                          'value', round(coalesce(sum(on_hand * price), 0), 2),
                          'lowStock', count(*) filter (where on_hand < min_stock),
                          'outOfStock', count(*) filter (where on_hand = 0))
                        from products join inventory on product_id = id where not archived),
        'topProducts', (select coalesce(jsonb_agg(to_jsonb(top) order by revenue desc, quantity desc, "productId"), '[]')
            from (select p.id as "productId", p.name, trim_scale(sum(l.quantity)) as quantity, sum(l.line_total)::numeric(30, 2) as revenue
                    from orders o join order_lines l on l.order_id = o.id join products p on p.id = l.product_id
                   where (o.completed_at at time zone zone)::date between (now() at time zone zone)::date - 29 and (now() at time zone zone)::date
                   group by p.id order by sum(l.line_total) desc, sum(l.quantity) desc, p.id limit 10) as top))
$$;

create function books.differences() returns text
language sql as $$
    select coalesce(string_agg(format(E'%s\n%s\nexpected\n%s', zone, said, wanted), E'\n'), '')
      from (select zone, set_config('smartflow.clock', '', true) as clock
              from unnest(array['UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu', 'Pacific/Kiritimati', 'Pacific/Pago_Pago']) as zone) as zones
     cross join lateral (select summary_document(zone)::jsonb as said, books.expected(zone) as wanted) as both_of_them
     where said <> wanted
$$;
)";

} // namespace

Books::Books()
    : connection_(
          (migrate(database_.url(), embedded_sql(), [](const std::string &) {}), database_.url()))
{
    run(search_path);
    run(functions);
}

std::string Books::value(const std::string &statement)
{
    return connection_.value(statement).value_or("(null)");
}

bool Books::refused(const std::string &statement, const std::string &sqlstate)
{
    try {
        run(statement);
    } catch (const AdminError &error) {
        return error.sqlstate() == sqlstate;
    }
    return false;
}

AdminConnection Books::another() const
{
    return AdminConnection(database_.url() +
                           " options='-c search_path=smartflow_api,smartflow,public'");
}

std::string Books::differences()
{
    return value("select books.differences()");
}

std::string Books::failing()
{
    return value("select coalesce(string_agg(c ->> 'name', ' '), '') "
                 "from json_array_elements(run_integrity()) as c where not (c ->> 'ok')::boolean");
}

} // namespace smartflow

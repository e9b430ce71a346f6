-- The least that an order of two lines can cost: the session's check, the goods' reservation in id order,
-- the order, its lines, a row of the trail, one durable commit. No rules, no totals, no ledger, no answer. A
-- product is looked up once, by its key: a join would read all of them, until their table has grown.

create schema bench;
create table bench.sessions (digest bytea primary key, user_id bigint not null, expires_at timestamptz not null);
create table bench.products (id bigint primary key, name text not null, price numeric(12, 2) not null,
                             on_hand numeric(13, 3) not null, reserved numeric(13, 3) not null default 0);
create table bench.orders (id bigint generated always as identity primary key, customer text not null, total numeric(12, 2) not null,
                           created_at timestamptz not null default now());
create table bench.lines (order_id bigint references bench.orders, line integer, product_id bigint references bench.products,
                          quantity numeric(13, 3), price numeric(12, 2), primary key (order_id, line));
create table bench.trail (id bigint generated always as identity primary key, at timestamptz not null default now(),
                          user_id bigint, action text, entity_id bigint, changes json);
insert into bench.sessions values ('\x00', 1, now() + interval '1 day');
insert into bench.products (id, name, price, on_hand) select n, 'Product ' || n, 1 + n % 97, 100000000 from generate_series(1, 1000) as n;
analyze bench.products;

create function bench.place(session bytea, customer text, items jsonb) returns bigint
language plpgsql as $$
declare
    me constant bigint := (select user_id from bench.sessions where digest = session and expires_at > now());
    wanted record;
    price_now numeric;
    prices numeric[] := '{}';
    new_id bigint;
begin
    if me is null then
        raise 'log in';
    end if;
    for wanted in select n, (e ->> 'productId')::bigint as id, (e ->> 'quantity')::numeric as quantity
                    from jsonb_array_elements(items) with ordinality as given (e, n) order by 2 loop
        update bench.products set reserved = reserved + wanted.quantity
         where id = wanted.id and on_hand - reserved >= wanted.quantity
        returning price into price_now;
        if not found then
            raise 'too little of %', wanted.id;
        end if;
        prices[wanted.n] := price_now;
    end loop;
    insert into bench.orders (customer, total)
    select customer, sum(round(prices[n] * (e ->> 'quantity')::numeric, 2))
      from jsonb_array_elements(items) with ordinality as given (e, n)
    returning id into new_id;
    insert into bench.lines
    select new_id, n, (e ->> 'productId')::bigint, (e ->> 'quantity')::numeric, prices[n]
      from jsonb_array_elements(items) with ordinality as given (e, n);
    insert into bench.trail (user_id, action, entity_id, changes) values (me, 'create', new_id, items::json);
    return new_id;
end
$$;

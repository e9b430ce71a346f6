-- A believable shop: 50 products, 400 orders over the last 90 days, two members of staff; loaded
-- through the functions that serve the API, so that its books balance. Run by `smartflow demo`
-- inside one transaction, as the owner, who alone may set the clock back.
-- smartflow.demo_password_hash: of the two members of staff
-- smartflow.demo_mail, smartflow.demo_webhook: where the rule about low stock sends to; empty for none

create function pg_temp.ask(credential bytea, input jsonb, id bigint default null) returns smartflow_api.request
language sql as $$
    select row(credential, 'staff', true, false, 'demo-data', null, null, null, null, null, null, id, 'UTC', input)::smartflow_api.request
$$;

-- Calls as that user at that moment.
create function pg_temp.at(moment timestamptz) returns void language sql as $$
    select set_config('smartflow.clock', moment::text, true)
$$;

do $$
declare
    secret constant bytea := sha256(gen_random_uuid()::text::bytea);
    opening constant timestamptz := date_trunc('day', now()) - interval '90 days' + interval '8 hours';
    ids bigint[];
    order_id bigint;
    placed timestamptz;
    basket jsonb;
    item record;
    n integer;
begin
    perform setseed(0.42);
    insert into smartflow.credentials (user_id, kind, digest, last_used_at, expires_at)
    select id, 'session', secret, now(), now() + interval '1 hour' from smartflow.users
     where role = 'admin' and active and not deleted order by id limit 1;

    perform pg_temp.at(opening - interval '1 day');
    for item in
        select * from (values ('maria', 'Maria Lindgren', 'maria@example.com'), ('tom', 'Tom Okafor', 'tom@example.com'))
            as person (username, name, email)
    loop
        perform smartflow_api.users_create(pg_temp.ask(secret, to_jsonb(item) || jsonb_build_object('role', 'staff',
            'passwordHash', current_setting('smartflow.demo_password_hash'))));
    end loop;

    -- Rules that worked all the time; the one whose messages leave the house begins today.
    perform smartflow_api.workflows_create(pg_temp.ask(secret,
        '{"name": "Share out new orders", "trigger": "New Order", "action": "Assign Staff"}'));
    perform smartflow_api.workflows_create(pg_temp.ask(secret,
        '{"name": "Tell of large orders that are done", "trigger": "Order Completed", "action": "Send Notification",
          "conditions": [{"field": "order.total", "operator": ">=", "value": 150}]}'));

    for item in
        select kind || ' ' || noun as name, upper(left(noun, 3)) || '-' || lpad((row_number() over ())::text, 3, '0') as sku,
               category, about as description, round((low + random() * (high - low))::numeric, 1) - 0.05 as price,
               (40 + floor(random() * 120))::integer as stock, (15 + floor(random() * 20))::integer as "minStock"
          from (values ('Tea', 'Loose leaf, 100 g', 4, 16, 'Tea'), ('Coffee', 'Whole bean, 250 g', 7, 18, 'Coffee'),
                       ('Mug', 'Stoneware, 300 ml', 9, 24, 'Kitchen'), ('Honey', 'From one hive, 500 g', 6, 14, 'Pantry'),
                       ('Candle', 'Beeswax, 40 hours', 8, 22, 'Home')) as goods (noun, about, low, high, category)
         cross join unnest(array['Alpine', 'Breton', 'Cedar', 'Dusk', 'Ember', 'Fjord', 'Garden', 'Harbour', 'Island', 'Juniper']) as kind
    loop
        ids := ids || ((smartflow_api.products_create(pg_temp.ask(secret, to_jsonb(item)))).body::json ->> 'id')::bigint;
    end loop;

    for n in 0..398 loop
        placed := opening + (now() - interval '1 hour' - opening) * (n + random()) / 400;
        perform pg_temp.at(placed);
        select jsonb_agg(jsonb_build_object('productId', id, 'quantity', 1 + floor(random() * 4)))
          into basket
          from (select distinct ids[1 + floor(power(random(), 2) * 50)] as id
                  from generate_series(1, 1 + floor(random() * 4)::integer)) as chosen;
        -- What runs short is bought before it is sold.
        for item in
            select product_id from smartflow.inventory
             where product_id in (select (line ->> 'productId')::bigint from jsonb_array_elements(basket) as line)
               and available < 5
        loop
            perform smartflow_api.products_adjust(pg_temp.ask(secret, '{"delta": 60, "reason": "Delivery from the supplier"}', item.product_id));
        end loop;
        order_id := ((smartflow_api.orders_create(pg_temp.ask(secret, jsonb_build_object('items', basket,
            'customerName', (array['Ada', 'Bruno', 'Chloé', 'Deniz', 'Elif', 'Femi', 'Greta', 'Hana', 'Igor', 'Jun'])[1 + floor(random() * 10)]
                || ' ' || (array['Almeida', 'Brandt', 'Costa', 'Dubois', 'Eriksen', 'Fischer', 'Novák', 'O''Brien', 'Rossi', 'Şahin'])[1 + floor(random() * 10)])))).body::json ->> 'id')::bigint;
        if placed < now() - interval '4 days' or random() < 0.3 then
            perform pg_temp.at(least(placed + random() * interval '3 days', now() - interval '10 minutes'));
            perform smartflow_api.orders_update(pg_temp.ask(secret, '{"status": "Completed"}', order_id));
        elsif random() < 0.5 then
            perform smartflow_api.orders_update(pg_temp.ask(secret, '{"status": "Processing"}', order_id));
        end if;
    end loop;

    -- Today: one order that makes all four rules act, the mail and the webhook among them.
    perform pg_temp.at(now() - interval '5 minutes');
    perform smartflow_api.workflows_create(pg_temp.ask(secret, jsonb_build_object('name', 'Low stock: tell everybody',
        'trigger', 'Low Stock', 'action', 'Send Notification', 'config', jsonb_build_object('channels', '["in-app"]'
                || case when current_setting('smartflow.demo_mail') <> '' then '["email"]' else '[]' end::jsonb
                || case when current_setting('smartflow.demo_webhook') <> '' then '["webhook"]' else '[]' end::jsonb)
            || case when current_setting('smartflow.demo_mail') <> ''
                    then jsonb_build_object('to', current_setting('smartflow.demo_mail')) else '{}' end
            || case when current_setting('smartflow.demo_webhook') <> ''
                    then jsonb_build_object('url', current_setting('smartflow.demo_webhook')) else '{}' end)));
    select product_id, on_hand - min_stock + 1 as quantity into item
      from smartflow.inventory where on_hand > min_stock + 10 order by product_id desc limit 1;
    order_id := ((smartflow_api.orders_create(pg_temp.ask(secret, jsonb_build_object('customerName', 'Café Lindgren',
        'items', jsonb_build_array(jsonb_build_object('productId', item.product_id, 'quantity', item.quantity)))))).body::json ->> 'id')::bigint;
    perform smartflow_api.orders_update(pg_temp.ask(secret, '{"status": "Completed"}', order_id));

    -- The session that loaded it was never anybody's.
    perform set_config('smartflow.ending', 'logout', true), set_config('smartflow.clock', '', true);
    delete from smartflow.credentials where digest = secret;
end
$$;

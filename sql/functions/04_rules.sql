-- The engine: the rules of a trigger, run in id order inside the change that fires them. A rule that
-- can't do its work leaves a failed run and nothing else, and never fails what fired it. Actions
-- may set off Low Stock, never New Order or Order Completed: there are no loops.

-- The fields of conditions and placeholders: their type, and what each trigger is about.
create function rule_fields(of_trigger text) returns table (field text, kind text)
language sql immutable as $$
    select f.field, f.kind
      from (values ('order.id', 'number'), ('order.customerName', 'text'), ('order.customerEmail', 'text'),
                   ('order.status', 'text'), ('order.total', 'number'), ('order.itemCount', 'number'),
                   ('order.assignedTo', 'number'),
                   ('product.id', 'number'), ('product.name', 'text'), ('product.sku', 'text'),
                   ('product.category', 'text'), ('product.stock', 'number'), ('product.available', 'number'),
                   ('product.minStock', 'number'), ('product.price', 'number')) as f (field, kind)
     where f.field like case of_trigger when 'Low Stock' then 'product.%' else 'order.%' end
$$;

-- Their values for an order, which need not be written yet.
create function order_facts(o orders) returns jsonb
language plpgsql immutable as $$
begin
    return jsonb_build_object('order.id', o.id, 'order.customerName', o.customer_name,
        'order.customerEmail', o.customer_email, 'order.status', o.status, 'order.total', o.total,
        'order.itemCount', json_array_length(o.items), 'order.assignedTo', o.assigned_to);
end
$$;

create function product_facts(product_id bigint) returns jsonb
language sql stable as $$
    select jsonb_build_object('product.id', p.id, 'product.name', p.name, 'product.sku', p.sku,
        'product.category', p.category, 'product.stock', trim_scale(i.on_hand),
        'product.available', trim_scale(i.available), 'product.minStock', trim_scale(i.min_stock),
        'product.price', p.price)
      from products p join inventory i on i.product_id = p.id
     where p.id = product_facts.product_id
$$;

-- Numbers compare exactly, texts letter by letter, `contains` in any case; a missing value is equal
-- to null alone, and neither above nor below anything.
create function condition_holds(operator text, given jsonb, wanted jsonb) returns boolean
language sql immutable as $$
    select case operator
        when '=' then coalesce(given, 'null') = wanted
        when '!=' then coalesce(given, 'null') <> wanted
        when 'contains' then jsonb_typeof(given) = 'string'
                             and position(lower(wanted #>> '{}') in lower(given #>> '{}')) > 0
        else coalesce(jsonb_typeof(given) = 'number' and case operator
                when '<' then (given #>> '{}')::numeric < (wanted #>> '{}')::numeric
                when '<=' then (given #>> '{}')::numeric <= (wanted #>> '{}')::numeric
                when '>' then (given #>> '{}')::numeric > (wanted #>> '{}')::numeric
                when '>=' then (given #>> '{}')::numeric >= (wanted #>> '{}')::numeric end, false) end
$$;

-- The first condition that doesn't hold, with the value that failed it; null when all hold.
create function failed_condition(conditions jsonb, facts jsonb) returns text
language plpgsql immutable as $$
begin
    return (select format('%s %s %s does not hold: it is %s.', c.field, c.operator, c.wanted, coalesce(c.given, 'null'))
      from (select e ->> 'field' as field, e ->> 'operator' as operator, e -> 'value' as wanted,
                   facts -> (e ->> 'field') as given, n
              from jsonb_array_elements(conditions) with ordinality as list (e, n)) as c
     where not condition_holds(c.operator, c.given, c.wanted)
     order by c.n limit 1);
end
$$;

-- A message with its placeholders filled in. What is filled in is not read for placeholders again.
create function filled_in(template text, facts jsonb) returns text
language plpgsql immutable strict as $$
declare
    piece text[];
    result text := '';
begin
    for piece in select regexp_matches(template, '(.*?)(?:\{\{\s*([A-Za-z.]+)\s*\}\}|$)', 'g') loop
        result := result || piece[1] || coalesce(facts ->> piece[2], '');
    end loop;
    return result;
end
$$;

create function standard_message(fired text, facts jsonb) returns text
language sql immutable as $$
    select filled_in(case fired
        when 'New Order' then 'Order {{order.id}} of {{order.customerName}} came in: {{order.total}}.'
        when 'Order Completed' then 'Order {{order.id}} of {{order.customerName}} is completed: {{order.total}}.'
        else '{{product.name}} is low: {{product.stock}} left, the minimum is {{product.minStock}}.' end, facts)
$$;

-- What moves of a product, if anything.
create type move as (
    product_id bigint,
    held       numeric, -- more reserved
    taken      numeric  -- more off the shelf
);

-- Moves goods: locks the products in the order of their ids and gives those of which there isn't enough,
-- which stay as they are; the caller refuses.
create function move_goods(moves move[]) returns bigint[]
language plpgsql as $$
declare
    moved bigint[];
begin
    if cardinality(moves) > 1 then
        perform from inventory i where i.product_id in (select m.product_id from unnest(moves) as m)
          order by i.product_id for no key update;
    end if;
    with done as (
        update inventory i
           set reserved = reserved + m.held, on_hand = on_hand - m.taken, ordered = true, version = version + 1
          from unnest(moves) as m
         where i.product_id = m.product_id and i.available >= m.held + m.taken
        returning i.product_id
    )
    select array_agg(product_id) into moved from done;
    if coalesce(cardinality(moved), 0) = cardinality(moves) then
        return '{}';
    end if;
    return array(select m.product_id from unnest(moves) as m where m.product_id <> all (coalesce(moved, '{}')));
end
$$;

-- To whom an order went that isn't written yet.
create type assignment as (
    user_id bigint,
    open    boolean -- the order isn't completed
);

-- What a rule is run on: an order (locked, or not written yet) or a product.
create type rule_subject as (
    an_order   orders,
    product_id bigint,
    taken      boolean, -- completing the order takes its goods
    reason     text,    -- why a new order's goods are taken once it is written; null: they stay reserved
    assigned   assignment[], -- the orders that are written together with this one, before it
    runs       workflow_runs[] -- what the rules did; the caller writes them (write_runs)
);

create function facts(s rule_subject) returns jsonb
language plpgsql stable as $$
begin
    return case when s.product_id is null then order_facts(s.an_order) else product_facts(s.product_id) end;
end
$$;

create type rule_outcome as (
    outcome text,
    reason  text
);

-- The active staff user with the fewest open orders; of several, the one whose last assignment was
-- longest ago. Without a lock: requests at the same moment may choose the same one.
-- assigned: further orders, in their order
create function least_busy(assigned assignment[] default '{}') returns bigint
language plpgsql stable as $$
begin
    return (select u.id
      from users u
      left join open_order_counts c on c.user_id = u.id
      left join (select user_id, count(*) filter (where open) as orders, max(place) as place
                   from unnest(assigned) with ordinality as a (user_id, open, place) group by user_id) as a on a.user_id = u.id
     where u.role = 'staff' and u.active and not u.deleted
     group by u.id, a.orders, a.place
     order by coalesce(sum(c.orders), 0) + coalesce(a.orders, 0), a.place nulls first, max(c.last_assigned_at) nulls first, u.id
     limit 1);
end
$$;

create function assign_staff(rule workflows, inout s rule_subject, out ran rule_outcome)
language plpgsql as $$
declare
    o orders := s.an_order;
    chosen users;
begin
    select * into chosen from users
     where id = coalesce((rule.config ->> 'userId')::bigint, least_busy(s.assigned)) and active and not deleted;
    if chosen.id is null then
        ran := row('failed', case when rule.config ? 'userId' then format('User %s is not active.', rule.config ->> 'userId')
                                  else 'There is no active staff user.' end);
        return;
    end if;
    if o.id is not null then
        s.an_order.assigned_to := chosen.id;
    end if;
    insert into notifications (user_id, message, order_id, product_id, rule_id, created_at)
    values (chosen.id, case when o.id is not null then format('Order %s of %s is yours.', o.id, o.customer_name)
                            else filled_in('Please restock {{product.name}}: {{product.stock}} left, the minimum is {{product.minStock}}.', facts(s)) end,
            o.id, s.product_id, rule.id, clock());
    ran := row('done', format('Assigned to %s.', chosen.username));
end
$$;

-- In-app rows for every active user; mails and webhooks go to the outbox, to leave after the commit.
create function send_notification(rule workflows, run_id bigint, s rule_subject) returns rule_outcome
language plpgsql as $$
declare
    facts constant jsonb := facts(s);
    message text := left(coalesce(filled_in(rule.config ->> 'message', facts), standard_message(rule.trigger, facts)), 10000);
    channels jsonb := coalesce(rule.config -> 'channels', '["in-app"]');
    told integer := 0;
    said text := '';
begin
    if channels ? 'in-app' then
        insert into notifications (user_id, message, order_id, product_id, rule_id, created_at)
        select id, message, (s.an_order).id, s.product_id, rule.id, clock() from users where active and not deleted
         order by users.id;
        get diagnostics told = row_count;
        said := format('Told %s users.', told);
    end if;
    if channels ? 'email' then
        perform post(run_id, 'email', address, rule.name, message) from jsonb_array_elements_text(rule_addresses(rule.config)) as address;
        said := said || format(' Mail to %s.', (select string_agg(a, ', ') from jsonb_array_elements_text(rule_addresses(rule.config)) as a));
    end if;
    if channels ? 'webhook' then
        perform post(run_id, 'webhook', rule.config ->> 'url', null, webhook_body(rule, s, facts, message));
        said := said || ' Webhook to its address.';
    end if;
    return row('done', ltrim(said))::rule_outcome;
end
$$;

-- `config.to`: one address or a list of them.
create function rule_addresses(config jsonb) returns jsonb
language sql immutable as $$
    select case jsonb_typeof(config -> 'to') when 'array' then config -> 'to'
                when 'string' then jsonb_build_array(config -> 'to') else '[]' end
$$;

-- Standard Webhooks: {type, timestamp, data}.
create function webhook_body(rule workflows, s rule_subject, facts jsonb, message text) returns text
language sql stable as $$
    select json_build_object('type', case rule.trigger when 'New Order' then 'order.created'
                                         when 'Order Completed' then 'order.completed' else 'product.low_stock' end,
        'timestamp', rfc3339(clock()),
        'data', jsonb_build_object('message', message, 'ruleId', rule.id, 'ruleName', rule.name)
                || case when s.product_id is null
                        then jsonb_build_object('order', jsonb_build_object('id', (s.an_order).id,
                                'customerName', (s.an_order).customer_name, 'customerEmail', (s.an_order).customer_email,
                                'status', (s.an_order).status, 'total', (s.an_order).total,
                                'assignedTo', (s.an_order).assigned_to, 'items', (s.an_order).items))
                        else jsonb_build_object('product', jsonb_build_object('id', s.product_id,
                                'name', facts -> 'product.name', 'sku', facts -> 'product.sku',
                                'stock', facts -> 'product.stock', 'minStock', facts -> 'product.minStock')) end)::text
$$;

-- Puts something into the outbox and wakes whoever delivers, once the transaction is committed.
create function post(run_id bigint, channel text, target text, subject text, content text) returns void
language sql as $$
    insert into deliveries (event, run_id, channel, target, subject, content)
    values ('msg_' || replace(gen_random_uuid()::text, '-', ''), run_id, channel, target, subject, content);
    select pg_notify('smartflow_outbox', '');
$$;

-- The enabled rules of a trigger, in the order in which they run.
create function rules_of(fired text) returns workflows[]
language plpgsql stable as $$
begin
    return array(select w from workflows w where trigger = fired and enabled order by id);
end
$$;

-- Runs rules on a subject, a run each, and a savepoint where something is written. An order's goods, its row and the runs are written by the
-- caller afterwards.
create function run_rules(rules workflows[], inout s rule_subject)
language plpgsql as $$
declare
    rule workflows;
    done record;
    ran rule_outcome;
    run_id bigint;
    mine constant xid8 := pg_current_xact_id(); -- before ids are taken: see advance_settled
begin
    foreach rule in array rules loop
        run_id := nextval('smartflow.workflow_runs_id_seq');
        ran := row('skipped', case when rule.conditions <> '[]' then failed_condition(rule.conditions, facts(s)) end);
        if ran.reason is not null then
            null;
        elsif rule.action = 'Reduce Stock' then -- which can't fail
            if s.product_id is not null then
                ran.reason := 'Low Stock is about no order whose stock could be reduced.';
            elsif rule.trigger = 'Order Completed' and s.taken then
                ran := row('done', 'Completing the order took its goods.');
            elsif (s.an_order).stock_reduced then
                ran.reason := 'The stock was already reduced.';
            else
                ran := row('done', format('Took the goods of %s lines.', json_array_length((s.an_order).items)));
                s.reason := format('Order %s: %s', (s.an_order).id, rule.name);
                s.an_order.stock_reduced := true;
            end if;
        else
            begin
                if rule.action = 'Assign Staff' then
                    done := assign_staff(rule, s);
                    s := done.s;
                    ran := done.ran;
                else
                    ran := send_notification(rule, run_id, s);
                end if;
            exception when others then
                -- A deadlock, a lost serialisation or a lock that isn't to be had concerns the whole request, not this rule.
                if sqlstate ~ '^40' or sqlstate ~ '^57' or sqlstate = '55P03' then
                    raise;
                end if;
                ran := row('failed', sqlerrm);
            end;
        end if;
        s.runs := s.runs || row(run_id, rule.id, rule.name, rule.trigger, rule.action, (s.an_order).id, s.product_id, ran.outcome,
                                ran.reason, clock())::workflow_runs;
    end loop;
end
$$;

create function write_runs(runs workflow_runs[]) returns void
language plpgsql as $$
begin
    insert into workflow_runs overriding system value select * from unnest(runs);
end
$$;

-- A product crossed its minimum downwards, whatever made it. A product created below it crossed
-- nothing.
create function fire_low_stock() returns trigger
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
begin
    perform write_runs((run_rules(rules_of('Low Stock'), row(null, new.product_id, false, null, '{}', '{}')::rule_subject)).runs);
    return null;
end
$$;

create trigger low_stock after update of on_hand, min_stock on inventory
    for each row when (old.on_hand >= old.min_stock and new.on_hand < new.min_stock)
    execute function fire_low_stock();

-- Keeps open_order_counts as orders say.
create function count_open_order(of_user bigint, change integer) returns void
language plpgsql as $$
begin
    insert into open_order_counts as c (user_id, shard, orders, last_assigned_at)
    values (of_user, pg_backend_pid() % 16, change, case when change >= 0 then clock_timestamp() end)
        on conflict (user_id, shard) do update
       set orders = c.orders + change,
           last_assigned_at = case when change >= 0 then clock_timestamp() else c.last_assigned_at end;
end
$$;

create function keep_open_order_counts() returns trigger
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    before bigint := case when tg_op <> 'INSERT' and old.status <> 'Completed' then old.assigned_to end;
    after bigint := case when tg_op <> 'DELETE' and new.status <> 'Completed' then new.assigned_to end;
begin
    if before is distinct from after then
        -- in the order of user ids, so that two who swap don't wait for each other
        perform count_open_order(c.of_user, c.change)
           from (select of_user, change from (values (before, -1), (after, 1)) as v (of_user, change)
                  where of_user is not null order by of_user) as c;
    elsif tg_op = 'INSERT' and new.assigned_to is not null then
        perform count_open_order(new.assigned_to, 0); -- completed at once, but it was their turn
    end if;
    return null;
end
$$;

create trigger open_orders after delete or update of assigned_to, status on orders
    for each row execute function keep_open_order_counts();
create trigger open_orders_new after insert on orders
    for each row when (new.assigned_to is not null) execute function keep_open_order_counts();

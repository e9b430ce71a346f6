-- Moves a file that was copied, compared and found right (10_stage.sql) into the shop.

-- Rows of the file whose ids are taken here by others: old and new id.
create function fresh_ids(staged text, live text) returns table (old bigint, new bigint)
language plpgsql as $$
begin
    return query execute format(
        'select s.id, nextval(pg_get_serial_sequence(%L, ''id'')) from pg_temp.%I s join smartflow.%I l on l.id = s.id order by s.id',
        'smartflow.' || live, staged, live);
end
$$;

-- Users are matched by name: one that is here keeps id and password and gets the rest; the others
-- come with the id they had, where it is free.
create function restore_users(stamp bigint) returns void
language plpgsql as $$
begin
    create temporary table user_ids on commit drop as
    select s.id as old, l.id as new, l.id is not null as here
      from pg_temp.users s
      left join smartflow.users l
        on lower(l.username) = lower(s.username)
       and (case when s.deleted then l.deleted and l.id = s.id else not l.deleted end);
    update user_ids set new = case when exists (select from smartflow.users l where l.id = old)
                                   then nextval('smartflow.users_id_seq') else old end
     where not here;
    update smartflow.users l
       set name = s.name, email = s.email, role = s.role, active = s.active,
           version = stamp, updated_at = now()
      from pg_temp.users s join user_ids m on m.old = s.id and m.here
     where l.id = m.new and not l.deleted
       and (l.name, l.email, l.role, l.active) is distinct from (s.name, s.email, s.role, s.active);
    insert into smartflow.users (id, username, name, email, role, active, deleted, password_hash, version, created_at,
                                 updated_at, last_login_at)
    overriding system value
    select m.new, s.username, s.name, s.email, s.role, s.active, s.deleted, s.password_hash, stamp, s.created_at,
           s.updated_at, s.last_login_at
      from pg_temp.users s join user_ids m on m.old = s.id and not m.here;
    if not exists (select from smartflow.users where role = 'admin' and active and not deleted and password_hash is not null) then
        perform fail('INVALID_OPERATION', 'This would leave no administrator who can log in.');
    end if;
    delete from credentials c using smartflow.users u where u.id = c.user_id and c.kind = 'session' and not u.active;
end
$$;

create function restored_user(old_id bigint) returns bigint
language plpgsql stable as $$
begin
    return (select new from user_ids where old = old_id);
end
$$;

-- Rules, runs and notifications: ids that are taken here are exchanged, and what names them follows.
create function restore_automation(stamp bigint) returns void
language plpgsql as $$
begin
    create temporary table rule_ids on commit drop as select * from fresh_ids('workflows', 'workflows');
    create temporary table run_ids on commit drop as select * from fresh_ids('workflow_runs', 'workflow_runs');
    create temporary table notification_ids on commit drop as select * from fresh_ids('notifications', 'notifications');
    insert into smartflow.workflows (id, name, trigger, action, enabled, conditions, config, version, created_at, updated_at)
    overriding system value
    select coalesce(r.new, w.id), w.name, w.trigger, w.action, w.enabled, w.conditions,
           case when w.config ? 'userId'
                then jsonb_set(w.config, '{userId}', to_jsonb(coalesce(restored_user((w.config ->> 'userId')::bigint), (w.config ->> 'userId')::bigint)))
                else w.config end, stamp, w.created_at, w.updated_at
      from pg_temp.workflows w left join rule_ids r on r.old = w.id;
    insert into smartflow.workflow_runs (id, rule_id, rule_name, trigger, action, order_id, product_id, outcome, reason, created_at)
    overriding system value
    select coalesce(i.new, w.id), coalesce(r.new, w.rule_id), w.rule_name, w.trigger, w.action, w.order_id, w.product_id,
           w.outcome, w.reason, w.created_at
      from pg_temp.workflow_runs w left join run_ids i on i.old = w.id left join rule_ids r on r.old = w.rule_id
     order by w.id;
    insert into smartflow.notifications (id, user_id, message, order_id, product_id, rule_id, read, created_at)
    overriding system value
    select coalesce(i.new, n.id), u.new, n.message, n.order_id, n.product_id, coalesce(r.new, n.rule_id), n.read, n.created_at
      from pg_temp.notifications n
      join user_ids u on u.old = n.user_id
      left join notification_ids i on i.old = n.id
      left join rule_ids r on r.old = n.rule_id
     order by n.id;
end
$$;

-- The shop itself. Versions begin anew at a number that no client has seen: an entity tag from before
-- the restore never fits what came with it.
create function restore_shop(stamp bigint) returns void
language plpgsql as $$
begin
    insert into smartflow.products (id, name, sku, category, description, price, archived, version, created_at, updated_at)
    overriding system value
    select id, name, sku, category, description, price, archived, stamp, created_at, updated_at from pg_temp.products;
    insert into smartflow.inventory (product_id, on_hand, reserved, min_stock, ordered, version)
    select product_id, on_hand, reserved, min_stock, ordered, stamp from pg_temp.inventory;
    insert into smartflow.orders (id, customer_name, customer_email, items, status, total, notes, assigned_to, stock_reduced,
                                  version, created_at, updated_at, completed_at)
    overriding system value
    select o.id, o.customer_name, o.customer_email, o.items, o.status, o.total, o.notes, u.new, o.stock_reduced, stamp,
           o.created_at, o.updated_at, o.completed_at
      from pg_temp.orders o left join user_ids u on u.old = o.assigned_to;
    insert into smartflow.order_lines select * from pg_temp.order_lines;
end
$$;

-- How a product's rows here and in the file go together. The file's first rows may be here already
-- (its own backup): `common` of them. What came after them here is booked back, so that the balance is
-- what it was after the last common one; then the file's other rows follow.
create function plan_ledger() returns void
language plpgsql as $$
begin
    create temporary table file_movements on commit drop as
    select m.*, row_number() over (partition by m.product_id order by m.id) as place,
           exists (select from smartflow.movements l
                    where l.id = m.id and (l.product_id, l.delta, l.balance, l.reason, l.created_at)
                                        = (m.product_id, m.delta, m.balance, m.reason, m.created_at)
                      and l.order_id is not distinct from m.order_id) as here,
           exists (select from smartflow.movements l where l.id = m.id) as taken
      from pg_temp.movements m;
    create index on file_movements (product_id, place);
    analyze file_movements;
    create temporary table ledger_plan on commit drop as
    select product_id, coalesce(f.common, 0) as common, coalesce(l.booked, 0) as booked,
           coalesce((select m.balance from file_movements m where m.product_id = f.product_id and m.place = f.common), 0) as wanted,
           -- Rows that can't keep their ids, or would stand before others with them, all get new ones.
           coalesce(f.taken or f.first_new < l.last, false) as renumbered
      from (select product_id, bool_or(taken and not here) as taken,
                   -- as many as begin the product's rows, unless more of them come later
                   case when count(*) filter (where here) = coalesce(min(place) filter (where not here), count(*) + 1) - 1
                        then count(*) filter (where here) else 0 end as common,
                   min(id) filter (where not here) as first_new
              from file_movements group by product_id) as f
      full join (select product_id, sum(delta) as booked, max(id) as last from smartflow.movements group by product_id) as l
     using (product_id);
    update ledger_plan p set renumbered = true
     where p.booked <> p.wanted
        or exists (select from file_movements m where m.product_id = p.product_id and m.place > p.common and m.taken);
end
$$;

-- The ledger keeps every row it has. What the file has besides comes in with its ids, where they are
-- free, and each product's rows add up to what is on hand.
create function restore_ledger(exported_at timestamptz) returns void
language plpgsql as $$
declare
    actor json := nullif(current_setting('smartflow.actor', true), '');
begin
    perform plan_ledger();
    insert into smartflow.movements (product_id, delta, balance, reason, user_id, username, created_at)
    select product_id, wanted - booked, wanted, format('Restored as of %s', rfc3339(exported_at)),
           (actor ->> 'id')::bigint, actor ->> 'username', clock()
      from ledger_plan where wanted <> booked order by product_id;
    insert into smartflow.movements (id, product_id, delta, balance, reason, order_id, user_id, username, created_at)
    overriding system value
    select case when r.renumbered then nextval('smartflow.movements_id_seq') else r.id end, r.product_id, r.delta, r.balance,
           r.reason, r.order_id, r.user_id, r.username, r.created_at
      from (select m.id, m.product_id, m.delta, m.balance, m.reason, m.order_id, coalesce(u.new, m.user_id) as user_id,
                   m.username, m.created_at, p.renumbered
              from file_movements m
              join ledger_plan p on p.product_id = m.product_id and m.place > p.common
              left join user_ids u on u.old = m.user_id
             order by m.id) as r;
end
$$;

-- The file's trail stands beside the local one: each of its chains a segment of its own. One that is
-- here already, because the file is this installation's own or was restored before, is left out.
create function restore_trail(facts jsonb) returns void
language plpgsql as $$
declare
    chain record;
    segment bigint;
begin
    for chain in
        select 0 as number, facts -> 'auditHead' as head
        union all
        select (s ->> 'origin')::bigint, s from jsonb_array_elements(facts -> 'auditHead' -> 'segments') as s
         order by 1
    loop
        continue when trail_is_here(chain.number);
        segment := open_audit_segment();
        insert into smartflow.audit_log (at, user_id, username, role, action, entity, entity_id, changes, request_id, address,
                                         origin, origin_id)
        select at, user_id, username, role, action, entity, entity_id, changes, request_id, address, segment, origin_id
          from pg_temp.audit_log where origin = chain.number order by origin_id;
        perform close_audit_segment(segment, (facts ->> 'exportedAt')::timestamptz, decode(facts ->> 'sha256', 'hex'));
    end loop;
end
$$;

-- Whether every row of a chain of the file is a row of one chain here, with the same text.
create function trail_is_here(number bigint) returns boolean
language plpgsql as $$
declare
    found_in bigint;
    rows bigint;
    -- The first and the last row tell most trails apart at once.
    first bigint := (select min(origin_id) from pg_temp.audit_log where origin = number);
    last bigint := (select max(origin_id) from pg_temp.audit_log where origin = number);
begin
    if first is null then
        return true;
    end if;
    select count(*) into rows from pg_temp.audit_log where origin = number;
    for found_in in select 0 union all select id from audit_segments order by 1 loop
        continue when common_rows(number, found_in, first, first) = 0 or common_rows(number, found_in, last, last) = 0;
        if common_rows(number, found_in, first, last) = rows then
            return true;
        end if;
    end loop;
    return false;
end
$$;

-- How many rows of a chain of the file, between two of their ids, are rows of a chain here.
-- found_in: the segment; 0: the local chain
create function common_rows(number bigint, found_in bigint, since bigint, until bigint) returns bigint
language plpgsql as $$
begin
    if found_in = 0 then
        return (select count(*) from pg_temp.audit_log s
                  join smartflow.audit_log l on l.id = s.origin_id and l.origin is null
                 where s.origin = number and s.origin_id between since and until
                   and (l.at, l.action, l.entity, l.changes::text) = (s.at, s.action, s.entity, s.changes::text)
                   and (l.user_id, l.username, l.role, l.entity_id, l.request_id, l.address)
                       is not distinct from (s.user_id, s.username, s.role, s.entity_id, s.request_id, s.address));
    end if;
    return (select count(*) from pg_temp.audit_log s
              join smartflow.audit_log l on l.origin = found_in and l.origin_id = s.origin_id
             where s.origin = number and s.origin_id between since and until
                   and (l.at, l.action, l.entity, l.changes::text) = (s.at, s.action, s.entity, s.changes::text)
                   and (l.user_id, l.username, l.role, l.entity_id, l.request_id, l.address)
                       is not distinct from (s.user_id, s.username, s.role, s.entity_id, s.request_id, s.address));
end
$$;

-- What stands in the way of the restore goes: with `replace` the shop, else only the rule that every
-- new installation has, as long as nobody has touched it.
create function clear_shop(replace boolean) returns void
language plpgsql as $$
begin
    if exists (select from smartflow.products) or exists (select from smartflow.orders) then
        if not replace then
            perform refuse_restore();
        end if;
        delete from smartflow.notifications;
        delete from smartflow.workflow_runs;
        delete from smartflow.workflows;
        delete from smartflow.order_lines;
        delete from smartflow.orders;
        delete from smartflow.inventory;
        delete from smartflow.products;
        -- Whose runs are gone; what waits still leaves.
        delete from deliveries where state <> 'pending';
    else
        delete from smartflow.workflows
         where (name, trigger, action, enabled, conditions, config, version)
             = ('Reduce stock when an order comes in', 'New Order', 'Reduce Stock', true, '[]', '{}', 1);
    end if;
end
$$;

create function refuse_restore() returns void
language sql as $$
    select fail('INVALID_OPERATION', 'There are products or orders already; replace=true replaces them.')
$$;

create function shop_is_empty() returns boolean
language sql stable as $$
    select not exists (select from smartflow.products) and not exists (select from smartflow.orders)
$$;

-- Keeps writers out, not readers. Writers under way may hold what is wanted here: then again.
create function lock_shop() returns void
language plpgsql as $$
begin
    for attempt in 1 .. 20 loop
        begin
            lock table smartflow.users, smartflow.orders, smartflow.inventory, smartflow.products, smartflow.order_lines,
                       smartflow.workflows, smartflow.workflow_runs, smartflow.notifications, smartflow.movements
                in share row exclusive mode;
            return;
        exception when deadlock_detected then
            perform pg_sleep(0.05 * attempt);
        end;
    end loop;
    raise lock_not_available using message = 'the shop is too busy to be restored';
end
$$;

-- Turns the triggers of rows off while a restore writes them, and on again: they would put every row
-- on record, fire rules and count what is counted anew at the end.
create function row_triggers(enable boolean) returns void
language plpgsql as $$
declare
    name text;
begin
    foreach name in array array['users', 'products', 'inventory', 'orders', 'workflows', 'workflow_runs', 'notifications'] loop
        execute format('alter table smartflow.%I %s trigger user', name, case when enable then 'enable' else 'disable' end);
    end loop;
end
$$;

-- Makes the next ids greater than any of the shop's and of the file's.
create function advance_sequences() returns void
language plpgsql as $$
declare
    name text;
    highest bigint;
begin
    foreach name in array array['users', 'products', 'orders', 'workflows', 'workflow_runs', 'notifications', 'movements'] loop
        execute format('select greatest((select max(id) from pg_temp.%1$I), (select max(id) from smartflow.%1$I),
                                        (select last_value from smartflow.%2$I where is_called))', name, name || '_id_seq')
           into highest;
        if highest is not null then
            perform setval(format('smartflow.%I', name || '_id_seq')::regclass, highest);
        end if;
    end loop;
end
$$;

-- Moves what was copied, compared and found right into the shop, in the transaction that is open.
-- facts: what staged_json (backup_stage.cpp) says of the file
create function restore_staged(facts jsonb, replace boolean) returns void
language plpgsql as $$
declare
    stamp bigint := extract(epoch from clock_timestamp())::bigint;
    problems text[] := array(select jsonb_array_elements_text(facts -> 'problems'));
begin
    if problems = '{}' then
        problems := stage_problems();
    end if;
    if problems <> '{}' then
        perform fail('VALIDATION_ERROR', 'The file can''t be restored.',
                     (select jsonb_object_agg(format('file[%s]', place - 1), problem)
                        from unnest(problems[:20]) with ordinality as p (problem, place)));
    end if;
    perform lock_shop();
    perform row_triggers(false);
    perform clear_shop(replace);
    perform advance_sequences();
    perform restore_users(stamp);
    perform restore_automation(stamp);
    perform restore_shop(stamp);
    perform restore_ledger((facts ->> 'exportedAt')::timestamptz);
    perform restore_trail(facts);
    perform row_triggers(true);
    perform recount();
    -- What was answered about the shop of before is true no longer; the request that restores has no
    -- answer yet.
    delete from idempotency_keys where status is not null;
    perform audit('restore', 'backup', null, differences(null, facts - 'problems' - 'auditHead' || jsonb_build_object('replace', replace)));
end
$$;

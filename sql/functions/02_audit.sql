-- The audit trail and the ledger, written by triggers: whatever program changes a row, the change
-- is on record in the same transaction.

-- {field: {from, to}} of what differs between two objects; null stands for "not there".
create function differences(before jsonb, after jsonb) returns json
language plpgsql immutable as $$
begin
    return (select coalesce(json_object_agg(key, json_build_object('from', before -> key, 'to', after -> key)), '{}')
              from (select key from jsonb_object_keys(coalesce(before, '{}') || coalesce(after, '{}')) as key) as keys
             where coalesce(before -> key, 'null') is distinct from coalesce(after -> key, 'null'));
end
$$;

-- Gives the id of its row.
create function audit(action text, entity text, entity_id bigint, changes json default '{}') returns bigint
language plpgsql as $$
declare
    actor constant json := nullif(current_setting('smartflow.actor', true), '');
    mine constant xid8 := pg_current_xact_id(); -- before an id is taken: deliver_seal and advance_settled rest on it
    written bigint;
begin
    insert into audit_log (at, user_id, username, role, action, entity, entity_id, changes, request_id, address)
    values (clock(), (actor ->> 'id')::bigint, actor ->> 'username', actor ->> 'role', action, entity, entity_id, changes,
            actor ->> 'request', (actor ->> 'address')::inet)
    returning id into written;
    return written;
end
$$;

create function audit_action(operation text) returns text
language sql immutable as $$
    select case operation when 'INSERT' then 'create' when 'UPDATE' then 'update' else 'delete' end
$$;

-- Why goods move, for the ledger; an order's number where one moves them. Gives the reason.
create function explain_movements(reason text, order_id bigint default null) returns text
language plpgsql as $$
declare
    of_order constant text := set_config('smartflow.order', coalesce(order_id::text, ''), true);
begin
    return set_config('smartflow.reason', reason, true);
end
$$;

create function movement_reason() returns text
language sql stable as $$
    select coalesce(nullif(current_setting('smartflow.reason', true), ''), 'Changed in the database')
$$;

-- Of a product that comes or goes; book_stock writes the ledger of those that change.
create function write_movement() returns trigger
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    actor json := nullif(current_setting('smartflow.actor', true), '');
    before numeric := case when tg_op = 'INSERT' then 0 else old.on_hand end;
    after numeric := case when tg_op = 'DELETE' then 0 else new.on_hand end;
begin
    if before <> after then
        insert into movements (product_id, delta, balance, reason, order_id, user_id, username, created_at)
        values (coalesce(new.product_id, old.product_id), after - before, after, movement_reason(),
                nullif(current_setting('smartflow.order', true), '')::bigint,
                (actor ->> 'id')::bigint, actor ->> 'username', clock());
    end if;
    return null;
end
$$;

-- A product is two rows, one edited and one counted. When an update changes both, the counted one
-- leaves its part in smartflow.changes for the edited one, so that one change is one audit row.
create function product_audit_fields(p products) returns jsonb
language sql immutable as $$
    select jsonb_build_object('name', p.name, 'sku', p.sku, 'category', p.category, 'description', p.description,
                              'price', p.price, 'archived', p.archived)
$$;

create function inventory_audit_fields(i inventory) returns jsonb
language sql immutable as $$
    select jsonb_build_object('stock', trim_scale(i.on_hand), 'minStock', trim_scale(i.min_stock))
$$;

-- An import's changes are on record as such. act_as forgets the setting, so that no program can make
-- it up.
create function product_action(otherwise text) returns text
language sql stable as $$
    select coalesce(nullif(current_setting('smartflow.action', true), ''), otherwise)
$$;

create function audit_product() returns trigger
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    held jsonb := coalesce(nullif(current_setting('smartflow.changes', true), ''), '{}');
begin
    if current_setting('smartflow.hold', true) = 'sku' then
        return null; -- an import frees a SKU that it gives to another product: part of a change to come
    end if;
    perform set_config('smartflow.changes', '', true), set_config('smartflow.hold', '', true);
    perform audit(product_action('update'), 'product', new.id,
        (differences(product_audit_fields(old), product_audit_fields(new))::jsonb || held)::json)
      where held <> '{}' or product_audit_fields(old) <> product_audit_fields(new);
    return null;
end
$$;

create function audit_inventory() returns trigger
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    product products;
begin
    if tg_op = 'UPDATE' then
        if current_setting('smartflow.hold', true) = new.product_id::text then
            perform set_config('smartflow.changes',
                (coalesce(nullif(current_setting('smartflow.changes', true), ''), '{}')::jsonb
                 || differences(inventory_audit_fields(old), inventory_audit_fields(new))::jsonb)::text, true);
        else
            perform audit(product_action('update'), 'product', new.product_id,
                differences(inventory_audit_fields(old), inventory_audit_fields(new)));
        end if;
    elsif tg_op = 'INSERT' then
        select * into product from products where id = new.product_id;
        perform audit(product_action('create'), 'product', product.id,
            differences(null, product_audit_fields(product) || inventory_audit_fields(new)));
    else
        select * into product from products where id = old.product_id;
        perform audit('delete', 'product', old.product_id,
            differences(coalesce(product_audit_fields(product), '{}') || inventory_audit_fields(old), null));
    end if;
    return null;
end
$$;

-- Makes what the trail says of a table's rows: NAME_audit_fields(row), its fields with their values, and
-- NAME_appeared(row), what differences(null, …) gives of them, as one expression, since each order needs it.
-- fields: their names in JSON; a column's is the same in snake_case
create function publish_trail(name text, of_table regclass, fields text[]) returns void
language plpgsql as $$
declare
    present text;
    changes text;
begin
    select string_agg(format(case atttypid when 'json'::regtype then '%L, w.%I::jsonb' else '%L, w.%I' end, field, attname),
                      ', ' order by n),
           string_agg(format('%L || %s || ''}''', to_json(field)::text || ': {"from": null, "to": ',
                             format(case atttypid when 'text'::regtype then 'to_json(w.%I)::text' else 'w.%I::text' end, attname)),
                      ', ' order by n)
      into strict present, changes
      from unnest(fields) with ordinality as f (field, n)
      join pg_attribute on attrelid = of_table and attname = lower(regexp_replace(field, '([A-Z])', '_\1', 'g'));
    execute format('create function %I(w %s) returns jsonb language sql stable as %L',
                   name || '_audit_fields', of_table, format('select jsonb_build_object(%s)', present));
    execute format('create function %I(w %s) returns json language sql stable as %L',
                   name || '_appeared', of_table, format('select concat(''{'', concat_ws('', '', %s), ''}'')::json', changes));
end
$$;

select publish_trail('order', 'orders', '{customerName, customerEmail, items, status, total, notes, assignedTo}');

-- The lines of an order's document, counted from 1.
create function lines_of(items json)
returns table (product_id bigint, product_name text, quantity numeric, price numeric, line_total numeric, line bigint)
language sql immutable as $$
    select * from rows from (json_to_recordset(items) as ("productId" bigint, "productName" text, quantity numeric,
                                                          price numeric, "lineTotal" numeric)) with ordinality
$$;

-- It is made and unmade by the triggers below, with the document that it is taken from, and the integrity check
-- compares both. A foreign key, which looked for the order of each line, went when they came to delete lines too.
do $$
begin
    if exists (select from pg_constraint where conname = 'order_lines_order_id_fkey' and conrelid = 'order_lines'::regclass) then
        alter table order_lines drop constraint order_lines_order_id_fkey;
    end if;
end
$$;

-- Keep order_lines as the document says, and the trail: of new orders by two statements, however many they are.
-- smartflow.authors says who placed each of those that are written together (place); of whom it says nothing is the
-- system's, and on record all the same.
create function keep_new_orders() returns trigger
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    authors constant author[] := coalesce(nullif(current_setting('smartflow.authors', true), '')::author[],
        array[json_populate_record(null::author, nullif(current_setting('smartflow.actor', true), '')::json)]);
    mine constant xid8 := pg_current_xact_id(); -- as in audit
    placed_at constant timestamptz := clock();
begin
    insert into order_lines (order_id, line, product_id, quantity, price, line_total)
    select o.id, l.line - 1, l.product_id, l.quantity, l.price, l.line_total from after o cross join lateral lines_of(o.items) as l;
    insert into audit_log (at, user_id, username, role, action, entity, entity_id, changes, request_id, address)
    select placed_at, a.id, a.username, a.role, 'create', 'order', o.id, order_appeared(row(o.*)::orders), a.request, a.address
      from after o
      left join unnest(authors) as a on coalesce(a.order_id, o.id) = o.id
     order by o.id;
    return null;
end
$$;

create function keep_order() returns trigger
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    before jsonb := order_audit_fields(old);
    after jsonb := case when tg_op = 'UPDATE' then order_audit_fields(new) end;
    recorded bigint;
begin
    if tg_op = 'DELETE' or old.items::text <> new.items::text then
        delete from order_lines where order_id = old.id;
    end if;
    if tg_op = 'UPDATE' and old.items::text <> new.items::text then
        insert into order_lines (order_id, line, product_id, quantity, price, line_total)
        select new.id, line - 1, product_id, quantity, price, line_total from lines_of(new.items);
    end if;
    if before is distinct from after then
        recorded := audit(audit_action(tg_op), 'order', old.id, differences(before, after));
    end if;
    return null;
end
$$;

create function audit_user() returns trigger
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    changes json;
begin
    if tg_op = 'UPDATE' and new.deleted and not old.deleted then
        perform audit('delete', 'user', new.id, differences(user_audit_fields(old), null));
        return null;
    end if;
    changes := differences(case when tg_op <> 'INSERT' then user_audit_fields(old) end,
                           case when tg_op <> 'DELETE' then user_audit_fields(new) end);
    -- That a password changed is on record, never what it was or is.
    if tg_op = 'UPDATE' and old.password_hash is distinct from new.password_hash then
        changes := (changes::jsonb || '{"password": {"from": "(hidden)", "to": "(hidden)"}}')::json;
    end if;
    if changes::text <> '{}' then
        perform audit(audit_action(tg_op), 'user', coalesce(new.id, old.id), changes);
    end if;
    return null;
end
$$;

create function user_audit_fields(u users) returns jsonb
language sql immutable as $$
    select jsonb_build_object('username', u.username, 'name', u.name, 'email', u.email, 'role', u.role, 'active', u.active)
$$;

-- Tokens, and sessions that end before their time; that one began is the login's own row.
create function audit_credential() returns trigger
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    fields jsonb := jsonb_build_object('userId', coalesce(new.user_id, old.user_id), 'name', coalesce(new.name, old.name),
                                       'readOnly', coalesce(new.read_only, old.read_only));
begin
    if coalesce(new.kind, old.kind) = 'token' then
        perform audit(audit_action(tg_op), 'token', coalesce(new.id, old.id),
            case tg_op when 'INSERT' then differences(null, fields) else differences(fields, null) end);
    elsif tg_op = 'DELETE' and session_end(old) > now()
          and coalesce(current_setting('smartflow.ending', true), '') <> 'logout' then
        perform audit('delete', 'session', old.id,
            differences(jsonb_build_object('userId', old.user_id), null));
    end if;
    return null;
end
$$;

create function audit_workflow() returns trigger
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
begin
    perform audit(audit_action(tg_op), 'workflow', coalesce(new.id, old.id),
        differences(case when tg_op <> 'INSERT' then workflow_audit_fields(old) end,
                    case when tg_op <> 'DELETE' then workflow_audit_fields(new) end));
    return null;
end
$$;

create function workflow_audit_fields(w workflows) returns jsonb
language sql immutable as $$
    select jsonb_build_object('name', w.name, 'trigger', w.trigger, 'action', w.action, 'enabled', w.enabled,
                              'conditions', w.conditions, 'config', w.config)
$$;

create function refuse_change() returns trigger
language plpgsql as $$
begin
    raise insufficient_privilege using message = format('%I is append-only', tg_table_name);
end
$$;

create trigger ledger after insert or delete on inventory for each row execute function write_movement();
create trigger trail_insert_delete after insert or delete on inventory
    for each row execute function audit_inventory();
-- An order's goods are explained by the ledger.
create trigger trail_update after update of on_hand, min_stock on inventory
    for each row when (old.min_stock <> new.min_stock
                       or (old.on_hand <> new.on_hand and coalesce(current_setting('smartflow.order', true), '') = ''))
    execute function audit_inventory();
create trigger trail after update on products for each row execute function audit_product();
create trigger trail_new after insert on orders referencing new table as after
    for each statement execute function keep_new_orders();
create trigger trail after update or delete on orders for each row execute function keep_order();
create trigger trail after insert or update or delete on users for each row execute function audit_user();
create trigger trail after insert or delete on credentials for each row execute function audit_credential();
create trigger trail after insert or update or delete on workflows for each row execute function audit_workflow();
create trigger append_only before update or delete or truncate on audit_log
    for each statement execute function refuse_change();
create trigger append_only before update or delete or truncate on movements
    for each statement execute function refuse_change();

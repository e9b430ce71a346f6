-- Verifying and restoring an export. Its rows are copied into temporary tables that have the names
-- and columns of the live ones (pg_temp stands first in the search path of what works on them), so
-- that the checks and the export's own queries run over them; what passes moves over in the same
-- transaction. Nothing here is for families: admin_backup_restore.sql is.

-- Makes the temporary tables, which go with the transaction. Whoever copies into them may be a
-- family, which could not make them itself.
create function stage_open(copier name) returns void
language plpgsql as $$
declare
    name text;
begin
    set local client_min_messages = warning;
    foreach name in array array['users', 'products', 'inventory', 'orders', 'order_lines', 'workflows', 'workflow_runs',
                                'notifications', 'movements', 'audit_log'] loop
        execute format('create temporary table %1$I (like smartflow.%1$I including constraints including defaults
                            including generated) on commit drop', name);
    end loop;
    -- What the shop's own functions write needs no check, what a file says does.
    alter table pg_temp.movements add check (delta <> 0), add check (balance >= 0);
    alter table pg_temp.workflow_runs add check (outcome in ('done', 'skipped', 'failed'));
    alter table pg_temp.audit_log
        add check (action in ('create', 'update', 'delete', 'login', 'login_failed', 'logout', 'export', 'import', 'verify', 'restore')),
        add check (entity in ('product', 'order', 'workflow', 'user', 'token', 'session', 'backup'));
    -- A product is two rows here and one in the file.
    create temporary table product_rows (
        id bigint, name text, sku text, category text, description text, stock numeric, reserved numeric, available numeric,
        min_stock numeric, price numeric, low_stock boolean, archived boolean, ordered boolean,
        created_at timestamptz, updated_at timestamptz
    ) on commit drop;
    foreach name in array array['users', 'product_rows', 'orders', 'workflows', 'workflow_runs', 'notifications', 'movements',
                                'audit_log'] loop
        execute format('grant insert on pg_temp.%I to %I', name, copier);
    end loop;
end
$$;

-- Once all rows are in: makes the tables that follow from others, and opens the sections once more,
-- to be compared with the file.
create function stage_reopen(secrets boolean) returns void
language plpgsql set search_path = pg_temp, smartflow_api, smartflow as $$
begin
    insert into products (id, name, sku, category, description, price, archived, created_at, updated_at)
    select id, name, sku, category, description, price, archived, created_at, updated_at from product_rows;
    insert into inventory (product_id, on_hand, reserved, min_stock, ordered)
    select id, stock, reserved, min_stock, ordered from product_rows;
    insert into order_lines (order_id, line, product_id, quantity, price, line_total)
    select o.id, l.line - 1, l.product_id, l.quantity, l.price, l.line_total from orders o, lines_of(o.items) as l;
    create unique index on products (id);
    create unique index on inventory (product_id);
    create unique index on orders (id);
    create unique index on users (id);
    create index on order_lines (order_id, line);
    create index on movements (product_id, id);
    analyze users, products, inventory, orders, order_lines, movements;
    perform open_sections('staged_', secrets);
end
$$;

-- What the checks find in the temporary tables, as sentences.
create function stage_problems() returns text[]
language plpgsql set search_path = pg_temp, smartflow_api, smartflow as $$
begin
    return coalesce((
        select array_agg(format('%s: %s %s', c ->> 'name', v ->> 'problem',
                                (select string_agg(format('(%s %s)', k, v -> k), ' ') from jsonb_object_keys(v) as k
                                  where k not in ('problem', 'remedy'))))
          from jsonb_array_elements(run_integrity(true)::jsonb) as c, jsonb_array_elements(c -> 'violations') as v), '{}')
        || coalesce((
        select array_agg(format('workflows: rule %s: %s', w.id, w.wrong))
          from (select id, wrong_conditions(trigger, conditions)
                           || (wrong_config(row(workflows.*)::smartflow.workflows) - 'config.userId')
                           || case when config ? 'userId'
                                        and not exists (select from users where to_jsonb(users.id) = config -> 'userId')
                                   then '{"config.userId": "is no user of the file"}' else '{}' end::jsonb as wrong
                  from workflows) as w
         where w.wrong <> '{}'), '{}')
        || coalesce((
        select array_agg(format('orders: the items of order %s aren''t in the form of this shop.', id))
          from (select id from orders where items::text is distinct from (
                    select '[' || string_agg(format('{"productId":%s,"productName":%s,"quantity":%s,"price":%s,"lineTotal":%s}',
                                   product_id, to_json(product_name), trim_scale(quantity), price::numeric(12, 2), line_total::numeric(12, 2)), ',' order by line) || ']'
                      from lines_of(items)) limit 100) as o), '{}');
end
$$;

-- Verifies what was copied: the problems, put on record; the export that this shop kept of that file
-- is proven by it.
create function verified(facts jsonb) returns text[]
language plpgsql as $$
declare
    problems text[] := array(select jsonb_array_elements_text(facts -> 'problems'));
begin
    if problems = '{}' then
        problems := stage_problems();
    end if;
    if problems = '{}' then
        update backups set proven_at = clock_timestamp() where sha256 = decode(facts ->> 'sha256', 'hex');
    end if;
    perform audit('verify', 'backup', null, differences(null, jsonb_build_object('sha256', facts ->> 'sha256',
        'exportedAt', facts ->> 'exportedAt', 'ok', problems = '{}')));
    return problems;
end
$$;

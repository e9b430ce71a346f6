-- What an export holds and how it is opened. The same texts run over the live tables, and over
-- temporary tables of the same names when a backup is verified or restored (10_stage.sql).

-- The sections in the file's order. Names of tables are unqualified: search_path says which. The
-- columns' names are the JSON's keys. A section's cursor is fetched with the rights of a family, so
-- what stands here must be built in.
create function backup_sections() returns table (place integer, name text, query text)
language sql immutable as $$
    values
    (1, 'users', 'select id, username, name, email, role, active, deleted, created_at as "createdAt",
            updated_at as "updatedAt", last_login_at as "lastLoginAt"
       from users order by id'),
    (2, 'products', 'select p.id, p.name, p.sku, p.category, p.description, trim_scale(i.on_hand) as stock,
            trim_scale(i.reserved) as reserved, trim_scale(i.available) as available,
            trim_scale(i.min_stock) as "minStock", p.price, i.on_hand < i.min_stock as "lowStock", p.archived,
            i.ordered, p.created_at as "createdAt", p.updated_at as "updatedAt"
       from products p join inventory i on i.product_id = p.id order by p.id'),
    (3, 'orders', 'select id, customer_name as "customerName", customer_email as "customerEmail", items, status, total,
            notes, assigned_to as "assignedTo", stock_reduced as "stockReduced", created_at as "createdAt",
            updated_at as "updatedAt", completed_at as "completedAt"
       from orders order by id'),
    (4, 'workflows', 'select id, name, trigger, action, enabled, conditions, config, created_at as "createdAt",
            updated_at as "updatedAt"
       from workflows order by id'),
    (5, 'runs', 'select id, rule_id as "ruleId", rule_name as "ruleName", trigger, action, order_id as "orderId",
            product_id as "productId", outcome, reason, created_at as "createdAt"
       from workflow_runs order by id'),
    (6, 'notifications', 'select id, user_id as "userId", message, order_id as "orderId", product_id as "productId",
            rule_id as "ruleId", read, created_at as "createdAt"
       from notifications order by id'),
    (7, 'movements', 'select id, product_id as "productId", trim_scale(delta) as delta, trim_scale(balance) as balance,
            reason, order_id as "orderId",
            case when user_id is not null
                 then (select row_to_json(u) from (select user_id as id, username) as u) end as "user",
            created_at as "createdAt"
       from movements order by id'),
    (8, 'auditLogs', 'select coalesce(origin_id, id) as id, at as "timestamp",
            case when user_id is not null
                 then (select row_to_json(u) from (select user_id as id, username, role) as u) end as "user",
            action, entity, entity_id as "entityId", changes, request_id as "requestId", host(address) as address,
            nullif(origin, 0) as origin
       from audit_log order by audit_log.id')
$$;

-- The users' section with their password hashes, for a move to another installation.
create function with_secrets(query text) returns text
language sql immutable as $$
    select replace(query, 'last_login_at as "lastLoginAt"', 'last_login_at as "lastLoginAt", password_hash as "passwordHash"')
$$;

-- Opens a cursor for each section, named like it with a prefix, over the tables that search_path
-- names. The transaction has one snapshot: repeatable read.
create function open_sections(prefix text, secrets boolean) returns void
language plpgsql as $$
declare
    section record;
    opened refcursor;
begin
    for section in select * from backup_sections() order by place loop
        opened := prefix || section.name;
        open opened no scroll for execute
            case when secrets and section.name = 'users' then with_secrets(section.query) else section.query end;
    end loop;
end
$$;

-- Opens an export: what stands before and after its sections.
create function open_backup(secrets boolean) returns json
language plpgsql as $$
begin
    perform open_sections('', secrets);
    return json_build_object(
        'schemaVersion', schema_version(), 'exportedAt', rfc3339(clock_timestamp()), 'auditHead', audit_head(),
        'sections', (select json_agg(name order by place) from backup_sections()));
end
$$;

create function schema_version() returns integer
language sql stable as $$
    select max(version) from migrations where status = 'applied'
$$;

-- Keeps that an export was sent whole.
create function keep_backup(exported jsonb) returns void
language sql as $$
    insert into backups (exported_at, bytes, sha256, counts)
    values ((exported ->> 'exportedAt')::timestamptz, (exported ->> 'bytes')::bigint,
            decode(exported ->> 'sha256', 'hex'), exported -> 'counts')
    on conflict (sha256) do nothing
$$;

-- Family admin_backup: how much there is, and how old the last backups are.

-- oldest and newest go by id where rows are added in the order of their times.
create function resource_statistics(rows bigint, tables regclass[], oldest timestamptz, newest timestamptz) returns json
language plpgsql stable as $$
begin
    return json_build_object('rows', rows, 'bytes', (select sum(pg_total_relation_size(t)) from unnest(tables) as t),
                             'oldest', rfc3339(oldest), 'newest', rfc3339(newest));
end
$$;

create function statistics_document() returns json
language plpgsql stable as $$
declare
    counted constant jsonb := (select jsonb_object_agg(table_name, rows) from kept_rows);
    goods constant kept_inventory := (select k from kept_inventory k);
    runs constant kept_times := (select k from kept_times k where table_name = 'workflow_runs');
    ledger constant kept_times := (select k from kept_times k where table_name = 'movements');
begin
    return json_build_object(
        'users', resource_statistics((select count(*) from users), array['users'::regclass],
            (select created_at from users order by id limit 1), (select created_at from users order by id desc limit 1)),
        'products', resource_statistics(goods.products + goods.archived, array['products'::regclass, 'inventory'],
            (select created_at from products order by id limit 1), (select created_at from products order by id desc limit 1)),
        'orders', resource_statistics((select sum(orders)::bigint from kept_orders), array['orders'::regclass, 'order_lines'],
            (select min(created_at) from orders), (select max(created_at) from orders)),
        'workflows', resource_statistics((select count(*) from workflows), array['workflows'::regclass],
            (select created_at from workflows order by id limit 1), (select created_at from workflows order by id desc limit 1)),
        'runs', resource_statistics((counted ->> 'workflow_runs')::bigint, array['workflow_runs'::regclass],
            runs.oldest, runs.newest),
        'notifications', resource_statistics((counted ->> 'notifications')::bigint, array['notifications'::regclass],
            (select created_at from notifications order by id limit 1), (select created_at from notifications order by id desc limit 1)),
        'movements', resource_statistics((counted ->> 'movements')::bigint, array['movements'::regclass],
            ledger.oldest, ledger.newest),
        'auditLogs', resource_statistics((counted ->> 'audit_log')::bigint, array['audit_log'::regclass],
            (select min(at) from audit_log), (select max(at) from audit_log)));
end
$$;

-- The newest backup, and how old it is; null: there is none.
create function newest_backup(proven boolean) returns json
language plpgsql stable as $$
begin
    return (select json_build_object('at', rfc3339(exported_at), 'ageSeconds', floor(extract(epoch from now() - exported_at))::bigint,
                             'bytes', bytes, 'sha256', encode(sha256, 'hex'), 'provenAt', rfc3339(proven_at))
      from backups where proven_at is not null or not proven order by exported_at desc limit 1);
end
$$;

create function admin_backup_statistics(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    answer json;
begin
    perform authenticate(q);
    perform fold_before_reading();
    answer := (select json_build_object('resources', statistics_document(), 'lastExport', newest_backup(false),
                   'lastProvenBackup', newest_backup(true),
                   'schemaVersion', (select max(version) from migrations where status = 'applied')));
    return row(200, null, null, answer::text, false)::response;
end
$$;

-- Family admin_backup: exports and the migrations' history.

-- Puts on record that an export begins, before its snapshot, so that it holds its own row.
create function admin_backup_begin(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := authenticate(q);
begin
    perform act_as(q, me.id, me.username, me.role);
    perform audit('export', 'backup', null, differences(null, q.input - 'action'));
    return gone();
end
$$;

create function admin_backup_export(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := authenticate(q);
begin
    return row(200, null, null, open_backup(coalesce(q.input ->> 'secrets' = 'include', false))::text, false)::response;
end
$$;

-- An export was sent whole: it counts as the last one.
create function admin_backup_sent(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := authenticate(q);
begin
    perform keep_backup(q.input);
    return gone();
end
$$;

create function admin_backup_migrations(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := authenticate(q);
begin
    return (select row(200, null, null, '[' || string_agg(row_to_json(m)::text, ',') || ']', false)::response
              from (select version, name, checksum, status, rfc3339(started_at) as "startedAt",
                           duration_ms as "durationMs", error
                      from migrations order by id) as m);
end
$$;

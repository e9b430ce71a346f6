-- Family admin_database: the audit trail, newest first.

-- A segment's rows have the ids that they came with; #id tells all rows apart.
create view audit_wire as
select coalesce(a.origin_id, a.id) as id, a.at as "timestamp",
       audit_user_text(a.user_id, a.username, a.role)::json as "user", a.action, a.entity, a.entity_id as "entityId",
       a.changes, a.request_id as "requestId", host(a.address) as address, a.origin, a.id as "#id",
       a.user_id as "#userId", a.username as "#username", a.role as "#role", null::bigint as "#total"
  from audit_log a;

-- The same for a spreadsheet, where a user is three columns.
create view audit_csv as
select id, "timestamp", "#userId" as "userId", "#username" as username, "#role" as role, action, entity, "entityId",
       changes, "requestId", address, origin, "#id", "#userId", "#total"
  from audit_wire;

create function audit_selection(q request, wire text) returns selection
language sql stable as $$
    select row(format('select * from %I where true', wire)
            || filter('"#userId" = %L', q.input ->> 'user') || filter('entity = %L', q.input ->> 'entity')
            || filter('"entityId" = %L', q.input ->> 'entityId') || filter('action = %L', q.input ->> 'actionType')
            || case q.input ->> 'origin' when '0' then ' and origin is null'
                                         else filter('origin = %L', q.input ->> 'origin') end
            || filter('"timestamp" >= %L', moment(q.input ->> 'from', q.time_zone)::text)
            || filter('"timestamp" < %L', moment(q.input ->> 'to', q.time_zone)::text),
        'timestamp', '#id', 'timestamptz', true)::selection
$$;

create function select_admin_database_audit(q request, me actor) returns selection
language plpgsql stable as $$
begin
    return (select audit_selection(q, 'audit_wire'));
end
$$;

create function select_admin_database_audit_csv(q request, me actor) returns selection
language plpgsql stable as $$
begin
    return (select audit_selection(q, 'audit_csv'));
end
$$;

select publish_list('admin_database_audit', 'audit_wire');
select publish_list('admin_database_audit_csv', 'audit_csv');

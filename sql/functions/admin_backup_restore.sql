-- Family admin_backup: verifying and restoring a file. The program calls admin_backup_stage, copies the
-- file into the temporary tables, compares, and calls one of the other two; all in one transaction.

create function admin_backup_stage(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
begin
    if q.input ->> 'action' = 'restore' then
        if flag(q, 'byCookie') and not exists (select from credentials where id = me.credential_id
                                                  and created_at > now() - interval '15 minutes') then
            perform fail('FORBIDDEN', 'A restore needs a login within the last 15 minutes: log in again.');
        end if;
        -- A repeated request is answered as before, whatever the shop holds by now.
        if not flag(q, 'keyed') and not coalesce(flag(q, 'replace'), false) and not shop_is_empty() then
            perform refuse_restore();
        end if;
    end if;
    perform stage_open(calling_role());
    return gone();
end
$$;

create function admin_backup_staged(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
begin
    perform stage_reopen(flag(q, 'secrets'));
    return gone();
end
$$;

-- What is wrong with the file, and that it was looked at; where nothing is wrong and it is an export
-- of this shop, it counts as proven. Nothing else is touched.
create function admin_backup_verify(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    facts jsonb := q.input -> 'facts';
    problems text[] := verified(facts);
begin
    return (select row(200, null, null, row_to_json(answer)::text, false)::response
              from (select problems = '{}' as ok, problems, facts -> 'counts' as counts) as answer);
end
$$;

create function admin_backup_restore(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    facts jsonb := q.input -> 'facts';
begin
    perform restore_staged(facts, coalesce(flag(q, 'replace'), false));
    return (select row(200, null, null, row_to_json(answer)::text, false)::response
              from (select facts -> 'counts' as restored, facts -> 'exportedAt' as "exportedAt",
                           facts -> 'sha256' as sha256) as answer);
end
$$;

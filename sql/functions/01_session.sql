-- Who asks, and what a repeated request gets.

create function authenticate(q request) returns actor
language plpgsql as $$
declare
    me actor;
    forbidden text;
    unnoted boolean;
begin
    select u.id, u.username, u.name, u.role, c.id, c.kind,
           case when q.cross_site then 'A cookie counts only for requests from the shop''s own pages.'
                when q.write and c.read_only then 'This token may only read.'
                when q.role = 'admin' and u.role <> 'admin' then 'Only administrators may do this.' end,
           c.last_used_at is null or c.last_used_at < now() - interval '5 minutes'
      into me.id, me.username, me.name, me.role, me.credential_id, me.kind, forbidden, unnoted
      from credentials c
      join users u on u.id = c.user_id
     where c.digest = q.credential
       and (c.expires_at is null or c.expires_at > now())
       and (c.kind = 'token' or c.last_used_at > now() - interval '12 hours')
       and u.active and not u.deleted;
    if not found then
        -- Not what those hear who present nothing: so it shows whether a web server passes the header on.
        perform fail('UNAUTHORIZED', 'Log in again.');
    end if;
    if forbidden is not null then
        perform fail('FORBIDDEN', forbidden);
    end if;
    -- Noted at most every five minutes, and never by waiting: reading stays reading.
    if unnoted and not current_setting('transaction_read_only')::boolean then
        update credentials set last_used_at = now()
         where id = (select id from credentials where id = me.credential_id for update skip locked);
    end if;
    return me;
end
$$;

-- The same for every function that changes something, whatever the program says it does.
create function writer(q request) returns actor
language plpgsql as $$
declare
    me actor;
    told text;
begin
    q.write := true;
    me := authenticate(q);
    told := act_as(q, me.id, me.username, me.role);
    return me;
end
$$;

-- Who changes things, for the triggers of the audit trail and the ledger.
create type author as (
    order_id bigint, -- which of several orders that are written together; null: whatever is changed
    id       bigint,
    username text,
    role     text,
    request  text,
    address  inet
);

create function speak_for(who author) returns text
language plpgsql as $$
begin
    return set_config('smartflow.actor', row_to_json(who)::text, true);
end
$$;

-- Says for the rest of the transaction who changes things, and forgets what the connection may have
-- set itself; the triggers of the audit trail and the
-- ledger read it. A program without it is the system. Gives what it says.
create function act_as(q request, user_id bigint, username text, role text) returns text
language plpgsql as $$
declare
    said constant text := speak_for(row(null, user_id, username, role, q.request_id, q.address)::author);
    name text;
    emptied text;
begin
    foreach name in array array['smartflow.reason', 'smartflow.order', 'smartflow.hold', 'smartflow.changes',
                                'smartflow.ending', 'smartflow.action', 'smartflow.authors', 'smartflow.parts'] loop
        if current_setting(name, true) <> '' then
            emptied := set_config(name, '', true);
        end if;
    end loop;
    return said;
end
$$;

-- For a request that is wrong in itself: are login and role right at least?
create function any_session(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
begin
    perform authenticate(q);
    return gone();
end
$$;

-- Calls a function for a request with an Idempotency-Key: the first outcome is kept in the same
-- transaction as what it did, and given again for 24 hours. Two at once: the second waits at the
-- insert for the first.
create function any_idempotent(q request, function text) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    kept idempotency_keys;
    reply response;
    refusal text;
begin
    if not has_function_privilege(session_user, format('smartflow_api.%I(smartflow_api.request)', function), 'execute') then
        raise insufficient_privilege using message = format('%s may not call %s', session_user, function);
    end if;
    loop
        insert into idempotency_keys (user_id, key, fingerprint) values (me.id, q.key, q.fingerprint)
            on conflict do nothing;
        exit when found;
        -- A replay commits a write of its own, so that it never tells of what isn't on disk yet.
        update idempotency_keys set replays = replays + 1
         where user_id = me.id and key = q.key and created_at > now() - interval '24 hours'
        returning * into kept;
        if found then
            if kept.fingerprint <> q.fingerprint then
                perform fail('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key was used for another request.');
            end if;
            return row(kept.status, kept.etag, kept.location, kept.body, true)::response;
        end if;
        delete from idempotency_keys
         where user_id = me.id and key = q.key and created_at <= now() - interval '24 hours';
    end loop;
    begin
        execute format('select * from smartflow_api.%I($1)', function) into reply using q;
    exception when sqlstate 'SF404' or sqlstate 'SF409' then
        get stacked diagnostics refusal = message_text;
        reply := refused(sqlstate, refusal);
    end;
    update idempotency_keys
       set status = reply.status, etag = reply.etag, location = reply.location, body = reply.body
     where user_id = me.id and key = q.key;
    return reply;
end
$$;

-- A refusal (fail) as an answer.
create function refused(state text, message text) returns response
language plpgsql as $$
begin
    return row(case state when 'SF404' then 404 else 409 end, null, null,
               (message::jsonb || jsonb_build_object('timestamp', rfc3339(clock_timestamp())))::text, false)::response;
end
$$;

-- Who asks each of several that are called together; null: that has to be called alone, and is refused there.
create function callers(qs request[], writing boolean) returns actor[]
language plpgsql as $$
declare
    q request;
    known request; -- whose user is `me`: mostly all of them have the same token
    me actor;
    result actor[] := '{}';
begin
    foreach q in array qs loop
        if known is null or q.credential is distinct from known.credential or q.role is distinct from known.role
                         or q.cross_site is distinct from known.cross_site then
            begin
                me := case when writing then writer(q) else authenticate(q) end;
                known := q;
            exception when others then
                result := array_append(result, null);
                continue;
            end;
        end if;
        result := result || me;
    end loop;
    return result;
end
$$;

-- What any_idempotent does, for requests that are called together: whose key it is, and of which of them.
create type claim as (
    n           integer,
    user_id     bigint,
    key         bytea,
    fingerprint bytea
);

-- Those of them that are first with their key, which they have now.
create function claimed(claims claim[]) returns claim[]
language plpgsql as $$
declare
    result claim[];
begin
    with made as (
        insert into idempotency_keys (user_id, key, fingerprint)
        select user_id, key, fingerprint from unnest(claims) order by user_id, key, n
            on conflict do nothing
        returning user_id, key
    )
    select array_agg(c.first) into result
      from (select (array_agg(row(n, user_id, key, fingerprint)::claim order by n))[1] as first
              from unnest(claims) join made using (user_id, key) group by user_id, key) as c;
    return coalesce(result, '{}');
end
$$;

-- Keeps what they are answered; where it is null, the key is free again.
create function keep_outcomes(claims claim[], replies response[]) returns void
language plpgsql as $$
begin
    update idempotency_keys k
       set status = (replies[c.n]).status, etag = (replies[c.n]).etag, location = (replies[c.n]).location, body = (replies[c.n]).body
      from unnest(claims) as c
     where k.user_id = c.user_id and k.key = c.key and (replies[c.n]).status is not null;
    if (select bool_or((replies[c.n]).status is null) from unnest(claims) as c) then
        delete from idempotency_keys k using unnest(claims) as c
         where k.user_id = c.user_id and k.key = c.key and (replies[c.n]).status is null;
    end if;
end
$$;

-- Makes NAME_released, which calls a function that changes something such that nobody waits for the disk
-- behind the rows it locks: its commit isn't waited for, which frees them, and then a message in the log is
-- committed, which is on disk only when all before it is. Only then is the request answered. Between the two
-- others see what a crash may undo: so whoever answers from it (a refusal: any_flush, a replay: by its own
-- write) or sends it out (deliver) waits for the disk first, and only reading may run ahead.
-- Runs with the caller's rights, since what commits can't have others; so grants decide what it may call.
create procedure publish_released(function text)
language plpgsql as $$
begin
    execute format($make$
        create procedure %1$I(q smartflow_api.request, inout status integer, inout etag text, inout location text,
                              inout body text, inout replayed boolean)
        language plpgsql as $body$
        declare
            mode constant text := pg_catalog.set_config('synchronous_commit', 'off', true);
            reply smartflow_api.response;
            flushed pg_catalog.pg_lsn;
        begin
            if q.key is null then
                reply := smartflow_api.%2$I(q);
            else
                reply := smartflow_api.any_idempotent(q, %2$L);
            end if;
            status := reply.status;
            etag := reply.etag;
            location := reply.location;
            body := reply.body;
            replayed := reply.replayed;
            commit; -- nothing after it may fail: what is done would count as undone
            flushed := pg_catalog.pg_logical_emit_message(true, 'smartflow', '');
        end
        $body$
        $make$, function || '_released', function);
end
$$;

-- Makes NAME_gathered, which calls for several requests in one transaction, by NAME_many. Gives an answer for each, ended
-- by U+001E: status, ETag, Location, whether it is an answer of before, and body, between them U+001F, which neither
-- JSON nor a header holds; no status for one that has to be called alone. All have to, when anything goes wrong (no
-- answer is given, and nothing is done), which the server's log tells where it isn't to be expected; also when one
-- that writes waits for a lock for long: the others needn't wait with it.
-- writes: whether it is published as released too, and its commit waited for like that; else it only reads
create procedure publish_gathered(function text, writes boolean)
language plpgsql as $$
begin
    execute format($make$
        create procedure %1$I(qs smartflow_api.request[], inout answers text)
        language plpgsql as $body$
        declare
            %3$s
        begin
            begin
                answers := (
                    select pg_catalog.string_agg(pg_catalog.concat(status, e'\x1f', etag, e'\x1f', location, e'\x1f', replayed,
                                                                   e'\x1f', body, e'\x1e'), '')
                      from pg_catalog.unnest(smartflow_api.%2$I(qs)));
            exception when others then
                if sqlstate !~ '^(SF|55P03|40|57)' then -- neither a refusal, nor a lock, a collision or an end
                    raise log '%2$s: %% %%', sqlstate, sqlerrm;
                end if;
                answers := '';
                return;
            end;
            %4$s
        end
        $body$
        $make$, function || '_gathered', function || '_many',
        case when writes then $declare$
            mode constant text := pg_catalog.set_config('synchronous_commit', 'off', true);
            patience constant text := pg_catalog.set_config('lock_timeout', '500ms', true);
            flushed pg_catalog.pg_lsn; $declare$ end,
        case when writes then $finish$
            commit;
            flushed := pg_catalog.pg_logical_emit_message(true, 'smartflow', ''); $finish$ end);
end
$$;

-- Waits until all that is committed now is on disk.
create function any_flush() returns void
language sql volatile as $$
    select pg_catalog.pg_logical_emit_message(true, 'smartflow', '')
     where pg_catalog.pg_current_wal_flush_lsn() < pg_catalog.pg_current_wal_insert_lsn()
$$;

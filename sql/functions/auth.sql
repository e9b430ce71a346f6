-- Family auth: logins, sessions, personal tokens. Passwords are compared in the program, between two
-- calls; here only their Argon2id hashes pass.

-- What counts as one address: an IPv4 address, an IPv6 /64.
create function network_of(address inet) returns cidr
language sql immutable as $$
    select network(set_masklen(coalesce(address, '0.0.0.0'),
                               case family(coalesce(address, '0.0.0.0')) when 4 then 32 else 64 end))
$$;

-- Before a password is compared: takes one of the account's five tries from this address, so that
-- the sixth is refused however many run at once. Tries under way may yet succeed: where they alone
-- fill the five, there is none now (null).
create function take_try(wanted text, address inet) returns bigint
language plpgsql as $$
declare
    net cidr := network_of(address);
    tries record;
    attempt bigint;
begin
    perform pg_advisory_xact_lock(hashtextextended(net::text, 0));
    select count(*) filter (where lost) as lost_here,
           count(*) filter (where lost and account = wanted) as lost,
           count(*) as tried_here,
           count(*) filter (where account = wanted) as tried,
           min(started_at) filter (where lost and account = wanted) as since,
           min(started_at) filter (where lost) as since_here
      into tries
      from (select account, started_at, coalesce(failed, false) as lost
              from login_attempts
             where network = net and started_at > clock_timestamp() - interval '15 minutes'
               -- one whose program died under way is soon forgotten; comparing takes less (10 s for a
               -- turn, a moment for the hash)
               and (failed or started_at > clock_timestamp() - interval '15 seconds')) as recent;
    if tries.lost >= 5 or tries.lost_here >= 50 then
        perform fail('RATE_LIMITED', 'Too many failed logins. Try again later.', jsonb_build_object('retryAfter',
            ceil(extract(epoch from case when tries.lost >= 5 then tries.since else tries.since_here end
                         + interval '15 minutes' - clock_timestamp()))::integer::text));
    end if;
    if tries.tried >= 5 or tries.tried_here >= 50 then
        return null;
    end if;
    insert into login_attempts (account, network) values (wanted, net) returning id into attempt;
    return attempt;
end
$$;

-- The password was right: what the account has lost from that address counts no longer.
create function forgive_tries(attempt_id bigint) returns void
language plpgsql as $$
declare
    attempt login_attempts;
begin
    delete from login_attempts where id = attempt_id returning * into attempt;
    delete from login_attempts where network = attempt.network and account = attempt.account and failed is not null;
end
$$;

-- "Wait" (202) where there is no try now.
create function auth_login_begin(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    wanted text := lower(q.input ->> 'username');
    attempt bigint := take_try(wanted, q.address);
    who users;
begin
    if attempt is null then
        return row(202, null, null, '{}', false)::response;
    end if;
    select * into who from users where lower(username) = wanted and active and not deleted;
    return row(200, null, null, jsonb_build_object('attempt', attempt, 'userId', who.id,
               'hash', coalesce(who.password_hash, '')), false)::response;
end
$$;

-- The password couldn't be compared (no memory for it), or was right and of no use: the try wasn't one.
create function auth_login_cancel(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
begin
    delete from login_attempts where id = (q.input ->> 'attempt')::bigint and failed is null;
    return gone();
end
$$;

-- After it: a session, or a failure that stays on record (so it is answered, not raised).
create function auth_login_finish(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    who users;
    session credentials;
begin
    if (q.input ->> 'matches')::boolean then
        select * into who from users
         where id = (q.input ->> 'userId')::bigint and active and not deleted
           and password_hash = q.input ->> 'hash' for no key update;
    end if;
    if who.id is null then
        update login_attempts set failed = true where id = (q.input ->> 'attempt')::bigint;
        perform act_as(q, null, null, null);
        perform audit('login_failed', 'session', null,
                      json_build_object('username', json_build_object('from', null, 'to', q.input ->> 'username')));
        return row(401, null, null, null, false)::response;
    end if;
    perform forgive_tries((q.input ->> 'attempt')::bigint);
    update users set last_login_at = now(), logins = logins + 1 where id = who.id;
    insert into credentials (user_id, kind, digest, last_used_at, expires_at, address, user_agent)
    values (who.id, 'session', decode(q.input ->> 'digest', 'hex'), now(), now() + interval '30 days',
            q.address, left(q.user_agent, 500))
    returning * into session;
    perform act_as(q, who.id, who.username, who.role);
    perform audit('login', 'session', session.id);
    return (select row(200, null, null, format('{"user":%s,"expiresAt":"%s"}', u."#json",
                       rfc3339(session_end(session))), false)::response
              from user_document u where u.id = who.id);
end
$$;

-- When a session ends if nobody uses it again.
create function session_end(c credentials) returns timestamptz
language sql immutable as $$
    select least(c.expires_at, c.last_used_at + interval '12 hours')
$$;

create function auth_logout(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
begin
    if me.kind <> 'session' then
        perform fail('INVALID_OPERATION', 'A personal token is revoked at /api/auth/tokens.');
    end if;
    perform set_config('smartflow.ending', 'logout', true);
    delete from credentials where id = me.credential_id;
    perform audit('logout', 'session', me.credential_id);
    return gone();
end
$$;

create function auth_me(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := authenticate(q);
begin
    return (select row(200, u."#etag", null, u."#json", false)::response from user_document u where u.id = me.id);
end
$$;

-- Whoever has somebody's session has no more tries at the password than who logs in.
create function auth_password_begin(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    attempt bigint := take_try(lower(me.username), q.address);
begin
    if attempt is null then
        return row(202, null, null, '{}', false)::response;
    end if;
    return (select row(200, null, null, jsonb_build_object('attempt', attempt, 'hash', coalesce(u.password_hash, ''),
                       'names', jsonb_build_array(u.username, u.name, coalesce(u.email, ''))), false)::response
              from users u where u.id = me.id);
end
$$;

-- It wasn't the password: the try is lost.
create function auth_password_lost(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
begin
    update login_attempts set failed = true where id = (q.input ->> 'attempt')::bigint;
    return gone();
end
$$;

create function auth_password_finish(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
begin
    update users set password_hash = q.input ->> 'newHash', version = version + 1, updated_at = now()
     where id = me.id and password_hash = q.input ->> 'hash';
    if not found then
        perform fail('INVALID_OPERATION', 'The password was changed meanwhile.');
    end if;
    perform forgive_tries((q.input ->> 'attempt')::bigint);
    perform end_sessions(me.id, me.credential_id);
    return gone();
end
$$;

create type session_wire as ("id" bigint, "createdAt" timestamptz, "lastUsedAt" timestamptz, "expiresAt" timestamptz,
                             "address" text, "userAgent" text, "current" boolean, "#total" bigint);
select publish('session_wire');

create type token_wire as ("id" bigint, "name" text, "readOnly" boolean, "createdAt" timestamptz,
                           "lastUsedAt" timestamptz, "expiresAt" timestamptz, "#total" bigint);
select publish('token_wire');

create function session_row(c credentials, current_id bigint) returns session_wire
language sql stable as $$
    select row(c.id, c.created_at, c.last_used_at, session_end(c), host(c.address), c.user_agent, c.id = current_id,
               null)::session_wire
$$;

create function token_row(c credentials) returns token_wire
language sql stable as $$
    select row(c.id, c.name, c.read_only, c.created_at, c.last_used_at, c.expires_at, null)::token_wire
$$;

-- What stands in the queries of these lists must be inlined: a cursor's rows are fetched with the
-- rights of the family, which may not call these functions itself. So they stay single expressions.
create function select_auth_sessions(q request, me actor) returns selection
language plpgsql stable as $$
begin
    return (select row(format('select * from (select (session_row(c, %s)).* from credentials c where user_id = %s
                          and kind = ''session'' and session_end(c) > now()) as own where true',
                      me.credential_id, me.id), 'id', 'id', 'bigint', false)::selection);
end
$$;

create function select_auth_tokens(q request, me actor) returns selection
language plpgsql stable as $$
begin
    return (select row(format('select * from (select (token_row(c)).* from credentials c where user_id = %s
                          and kind = ''token'') as own where true', me.id), 'id', 'id', 'bigint', false)::selection);
end
$$;

select publish_list('auth_sessions', 'session_wire');
select publish_list('auth_tokens', 'token_wire');

-- One's own session or token; another user's is as good as none.
create function own_credential(q request, me actor, wanted_kind text) returns credentials
language plpgsql as $$
declare
    c credentials;
begin
    select * into c from credentials where id = q.id and user_id = me.id and kind = wanted_kind;
    if c.id is null then
        perform fail('NOT_FOUND', format('There is no such %s.', wanted_kind));
    end if;
    return c;
end
$$;

create function auth_sessions_read(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := authenticate(q);
    body text := session_json(session_row(own_credential(q, me, 'session'), me.credential_id));
    etag text := etag_of(body);
begin
    return single(q, body, etag);
end
$$;

create function auth_tokens_read(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := authenticate(q);
    body text := token_json(token_row(own_credential(q, me, 'token')));
    etag text := etag_of(body);
begin
    return single(q, body, etag);
end
$$;

create function auth_sessions_delete(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    c credentials := own_credential(q, me, 'session');
begin
    perform check_precondition(q, etag_of(session_json(session_row(c, me.credential_id))));
    delete from credentials where id = c.id;
    return gone();
end
$$;

create function auth_tokens_delete(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    c credentials := own_credential(q, me, 'token');
begin
    perform check_precondition(q, etag_of(token_json(token_row(c))));
    delete from credentials where id = c.id;
    return gone();
end
$$;

create function auth_tokens_create(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    c credentials;
begin
    if (q.input ->> 'expiresAt')::timestamptz <= now() then
        perform fail('VALIDATION_ERROR', 'The request is not valid.', '{"expiresAt": "must be in the future"}');
    end if;
    insert into credentials (user_id, kind, digest, name, read_only, expires_at)
    values (me.id, 'token', decode(q.input ->> 'digest', 'hex'), q.input ->> 'name',
            coalesce((q.input ->> 'readOnly')::boolean, false), (q.input ->> 'expiresAt')::timestamptz)
    returning * into c;
    return row(201, etag_of(token_json(token_row(c))), '/api/auth/tokens/' || c.id, token_json(token_row(c)), false)::response;
end
$$;

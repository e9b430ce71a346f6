-- Family users. Staff see who there is; everything else is for administrators.

create function select_users(q request, me actor) returns selection
language plpgsql stable as $$
begin
    return (select row('select id, ' || case me.role when 'admin' then 'u."#json"::json'
                                     else '(select row_to_json(s) from (select u.id, u.name, u.active) as s)' end
            || ' as "#json", null::bigint as "#total" from user_document u where true', 'id', 'id', 'bigint', false)::selection);
end
$$;

select publish_list('users', 'json_row');

create function no_user() returns void language sql as $$
    select fail('NOT_FOUND', 'There is no such user.')
$$;

create function username_taken() returns void language sql as $$
    select fail('VALIDATION_ERROR', 'The request is not valid.', '{"username": "is taken by another user"}')
$$;

create function user_response(q request, user_id bigint, answer integer default 200) returns response
language sql stable as $$
    select single(q, u."#json", u."#etag", case answer when 201 then '/api/users/' || u.id end, answer)
      from user_document u where u.id = user_id
$$;

create function users_read(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    reply response;
begin
    perform authenticate(q);
    reply := user_response(q, q.id);
    if reply.status is null then
        perform no_user();
    end if;
    return reply;
end
$$;

create function users_create(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    new_id bigint;
begin
    insert into users (username, name, email, role, active, password_hash)
    values (q.input ->> 'username', q.input ->> 'name', q.input ->> 'email', q.input ->> 'role',
            coalesce((q.input ->> 'active')::boolean, true), q.input ->> 'passwordHash')
    returning id into new_id;
    return user_response(q, new_id, 201);
exception when unique_violation then
    perform username_taken();
end
$$;

-- The names that a new password of this user must not be made of.
create function users_names(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := authenticate(q);
    names text;
begin
    select jsonb_build_array(username, name, coalesce(email, '')) into names from users where id = q.id and not deleted;
    if names is null then
        perform no_user();
    end if;
    return row(200, null, null, names, false)::response;
end
$$;

-- Locks a user and, in id order, every administrator, so that two who dismiss each other at once
-- can't both be the last but one.
create function lock_user(user_id bigint) returns users
language plpgsql as $$
declare
    u users;
begin
    perform from users where id = user_id or (role = 'admin' and active) order by id for no key update;
    select * into u from users where id = user_id and not deleted;
    if u.id is null then
        perform no_user();
    end if;
    return u;
end
$$;

create function refuse_last_admin(u users) returns void
language plpgsql as $$
begin
    if u.role = 'admin' and u.active
       and not exists (select from users where role = 'admin' and active and not deleted and id <> u.id) then
        perform fail('INVALID_OPERATION', 'This is the last active administrator.');
    end if;
end
$$;

create function users_update(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    before users := lock_user(q.id);
    u users := before;
begin
    perform check_precondition(q, format('"%s.%s"', before.version, before.logins), true);
    u.username := coalesce(q.input ->> 'username', u.username);
    u.name := coalesce(q.input ->> 'name', u.name);
    if q.input ? 'email' then u.email := q.input ->> 'email'; end if;
    u.role := coalesce(q.input ->> 'role', u.role);
    u.active := coalesce((q.input ->> 'active')::boolean, u.active);
    u.password_hash := coalesce(q.input ->> 'passwordHash', u.password_hash);
    if u is not distinct from before then
        return user_response(q, q.id);
    end if;
    -- The index would say so too, but only after the state.
    if lower(u.username) <> lower(before.username)
       and exists (select from users other where lower(other.username) = lower(u.username) and not other.deleted
                      and other.id <> q.id) then
        perform username_taken();
    end if;
    if u.role <> 'admin' or not u.active then
        perform refuse_last_admin(before);
    end if;
    update users
       set username = u.username, name = u.name, email = u.email, role = u.role, active = u.active,
           password_hash = u.password_hash, version = version + 1, updated_at = now()
     where id = q.id;
    if not u.active or u.password_hash is distinct from before.password_hash then
        perform end_sessions(q.id, me.credential_id);
    end if;
    return user_response(q, q.id);
exception when unique_violation then
    perform username_taken();
end
$$;

create function users_delete(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    u users := lock_user(q.id);
begin
    perform check_precondition(q, format('"%s.%s"', u.version, u.logins), true);
    perform refuse_last_admin(u);
    update users set deleted = true, active = false, password_hash = null, version = version + 1, updated_at = now()
     where id = q.id;
    delete from credentials where user_id = q.id;
    return gone();
end
$$;

-- For the command line: the first administrator, once.
create function admin_first_user(username text, password_hash text) returns boolean
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
begin
    lock table users in share row exclusive mode;
    if exists (select from users u where u.role = 'admin' and u.active and not u.deleted) then
        return false;
    end if;
    insert into users (username, name, role, password_hash)
    values (admin_first_user.username, admin_first_user.username, 'admin', admin_first_user.password_hash);
    return true;
end
$$;

create function admin_reset_password(username text, password_hash text) returns boolean
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    user_id bigint;
begin
    update users u set password_hash = admin_reset_password.password_hash, version = version + 1, updated_at = now()
     where lower(u.username) = lower(admin_reset_password.username) and u.active and not u.deleted
    returning id into user_id;
    if user_id is null then
        return false;
    end if;
    perform end_sessions(user_id);
    return true;
end
$$;

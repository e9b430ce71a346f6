-- Users as the API shows them, for the families auth and users.

create view user_wire as
select u.id,
       u.username,
       u.name,
       u.email,
       u.role,
       u.active,
       u.created_at as "createdAt",
       u.updated_at as "updatedAt",
       u.last_login_at as "lastLoginAt",
       '"' || u.version || '.' || u.logins || '"' as "#etag"
  from users u
 where not u.deleted;

select publish('user_wire');

-- An entity tag of something that has no version of its own.
create function etag_of(body text) returns text
language sql immutable as $$
    select '"' || left(md5(body), 16) || '"'
$$;

-- Ends a user's sessions, but the one that is asking.
create function end_sessions(of_user bigint, but bigint default null) returns void
language sql as $$
    delete from credentials where user_id = of_user and kind = 'session' and id is distinct from but
$$;

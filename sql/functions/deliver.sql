-- What the program that empties the outbox may do (`smartflow deliver`). Its transaction stays open
-- while it sends: a row it has is passed over by others, and free again the moment it dies.

-- Up to so many that are due, few of one target, so that one that hangs doesn't hold up the rest.
create function deliver_claim(how_many integer, of_a_target integer)
returns table (id bigint, event text, channel text, target text, subject text, content text, attempts integer)
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
begin
    return query
    select d.id, d.event, d.channel, d.target, d.subject, d.content, d.attempts
      from deliveries d
     where d.state = 'pending' and d.next_attempt_at <= now()
       and d.id in (select oldest.id
                      from (select distinct w.target from deliveries w
                             where w.state = 'pending' and w.next_attempt_at <= now()) as due
                     cross join lateral (select w.id from deliveries w
                                          where w.target = due.target and w.state = 'pending' and w.next_attempt_at <= now()
                                          order by w.next_attempt_at, w.id limit of_a_target) as oldest)
     order by d.next_attempt_at, d.id
     limit how_many
       for update of d skip locked;
end
$$;

-- What became of an attempt. A permanent refusal isn't tried again; anything else is, for a day,
-- after 5 s, 15 s, 45 s… up to 2 h, each shortened by up to a half by chance, so that those that
-- failed together don't come back together.
-- status: HTTP's or SMTP's, where there was an answer; error: null when it was delivered
create function deliver_result(delivery bigint, status integer, error text, permanent boolean, duration_ms integer)
returns void
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    d deliveries;
    again timestamptz;
begin
    insert into delivery_attempts (delivery_id, status, error, duration_ms) values (delivery, status, left(error, 500), duration_ms);
    select * into d from deliveries where id = delivery;
    again := clock_timestamp() + least(interval '5 seconds' * power(3, least(d.attempts, 12)), interval '2 hours') * (0.5 + random() / 2);
    if error is null then
        update deliveries set state = 'delivered', delivered_at = clock_timestamp(), next_attempt_at = null, attempts = attempts + 1
         where id = delivery;
    elsif permanent or again > d.give_up_at then
        update deliveries set state = 'failed', next_attempt_at = null, attempts = attempts + 1 where id = delivery;
    else
        update deliveries set next_attempt_at = again, attempts = attempts + 1 where id = delivery;
    end if;
end
$$;

-- Milliseconds until something is due; null: nothing waits.
create function deliver_wait_ms() returns bigint
language sql stable security definer set search_path = smartflow_api, smartflow, pg_temp as $$
    select greatest(0, ceil(extract(epoch from min(next_attempt_at) - clock_timestamp()) * 1000))::bigint
      from deliveries where state = 'pending'
$$;

-- Housekeeping: removes up to so many of each thing that is kept for a while only. Whatever somebody
-- holds is left for the next time. Returns how many were removed.
create function deliver_clear(how_many integer) returns bigint
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    keys bigint;
    sessions bigint;
    tries bigint;
    sent bigint;
begin
    -- A minute longer than they count, so that no request that has just begun misses its own.
    with due as (select user_id, key from idempotency_keys where created_at < now() - interval '24 hours 1 minute'
                  order by created_at limit how_many for update skip locked)
    delete from idempotency_keys k using due where k.user_id = due.user_id and k.key = due.key;
    get diagnostics keys = row_count;
    -- By reading all sessions, which are few: an index of last_used_at would make each use of one dearer.
    with due as (select id from credentials c where kind = 'session' and session_end(c) < now()
                  limit how_many for update skip locked)
    delete from credentials c using due where c.id = due.id;
    get diagnostics sessions = row_count;
    with due as (select id from login_attempts where started_at < now() - interval '15 minutes'
                  order by started_at limit how_many for update skip locked)
    delete from login_attempts a using due where a.id = due.id;
    get diagnostics tries = row_count;
    -- With their attempts. What failed stays, until somebody has seen to it.
    with due as (select id from deliveries where state = 'delivered' and delivered_at < now() - interval '30 days'
                  order by delivered_at limit how_many for update skip locked)
    delete from deliveries d using due where d.id = due.id;
    get diagnostics sent = row_count;
    return keys + sessions + tries + sent;
end
$$;

-- Folds what waits for it, at most so many tallies; gives how many it was.
create function deliver_fold(how_many integer) returns integer
language sql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
    select fold_tallies(how_many)
$$;

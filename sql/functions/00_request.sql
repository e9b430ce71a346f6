-- What every function of the API takes and gives, and how it refuses.
--
-- Functions of every request are PL/pgSQL, or SQL that PostgreSQL can put into the statement that calls it:
-- another SQL function is parsed and planned again in every transaction, which costs more than all it does.
-- And what must be called for its effect is assigned where every order passes: an assignment is evaluated at
-- once, PERFORM is a query.

-- Field by field what shared/database.hpp calls Arguments, in that order.
create type request as (
    credential    bytea,   -- SHA-256 of the session's or token's secret
    role          text,    -- least role that may; null: no login needed
    write         boolean, -- an unsafe method
    cross_site    boolean, -- came with a cookie from another site
    request_id    text,
    address       inet,
    user_agent    text,
    key           bytea,   -- digest of method, path and Idempotency-Key
    fingerprint   bytea,   -- keyed hash of the request
    if_match      text,
    if_none_match text,
    id            bigint,  -- of the path
    time_zone     text,
    input         jsonb    -- the checked body and query, every number exact
);

create type response as (
    status   integer,
    etag     text,
    location text,
    body     text,
    replayed boolean
);

-- Whoever asks, once authenticated.
create type actor as (
    id            bigint,
    username      text,
    name          text,
    role          text,
    credential_id bigint,
    kind          text
);

-- Refuses with one of the contract's codes. The message is JSON that the program turns into the
-- error body; the SQLSTATE's class SF tells it from PostgreSQL's own errors.
create function fail(code text, message text, details jsonb default '{}') returns void
language plpgsql as $$
begin
    raise exception using
        errcode = case code
            when 'VALIDATION_ERROR' then 'SF400'
            when 'UNAUTHORIZED' then 'SF401'
            when 'FORBIDDEN' then 'SF403'
            when 'NOT_FOUND' then 'SF404'
            when 'INSUFFICIENT_STOCK' then 'SF409'
            when 'INVALID_OPERATION' then 'SF409'
            when 'PRECONDITION_FAILED' then 'SF412'
            when 'IDEMPOTENCY_KEY_REUSED' then 'SF422'
            when 'RATE_LIMITED' then 'SF429'
            else 'SF500' end,
        message = jsonb_build_object('code', code, 'error', message, 'details', details)::text;
end
$$;

-- The moment that changes are dated with: the transaction's. The owner, and nobody else, may set
-- another (smartflow.clock), to load a shop with a past through the same functions.
create function clock() returns timestamptz
language sql stable as $$
    select case when session_user = current_user
                then coalesce(nullif(current_setting('smartflow.clock', true), '')::timestamptz, now())
                else now() end
$$;

create function rfc3339(instant timestamptz) returns text
language sql stable parallel safe as $$
    select to_char(instant at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- An instant or a date (its midnight in the shop's time zone), as the program checked it.
create function moment(given text, time_zone text) returns timestamptz
language sql stable as $$
    select case when length(given) = 10 then given::timestamp at time zone time_zone
                else given::timestamptz end
$$;

-- Whether a header of entity tags (RFC 9110 §8.8.3) names this one. A web server's W/ and -gzip
-- are ignored. With `edits_only`, what follows the dot of a tag is ignored too.
create function names_etag(header text, etag text, edits_only boolean default false)
returns boolean language plpgsql immutable as $$
begin
    return header is not null and (btrim(header) = '*' or exists (
        select from regexp_matches(header, '(?:W/)?"([^"]*?)(?:-gzip)?"', 'g') as given
        where case when edits_only then split_part(given[1], '.', 1) = split_part(btrim(etag, '"'), '.', 1)
                   else given[1] = btrim(etag, '"') end));
end
$$;

create function check_precondition(q request, etag text, edits_only boolean default false)
returns void language plpgsql as $$
begin
    if q.if_match is not null and not names_etag(q.if_match, etag, edits_only) then
        perform fail('PRECONDITION_FAILED', 'It has changed since you read it.');
    end if;
end
$$;

-- The role of whoever called, inside a function that runs with the owner's rights.
create function calling_role() returns name
language sql stable as $$
    select coalesce(nullif(current_setting('role'), 'none'), session_user)::name
$$;

-- A single resource: 304 when the client has it already. PostgreSQL puts it into the statement that calls it
-- as long as `etag` is no more than a variable there.
create function single(q request, body text, etag text, location text default null, status integer default 200)
returns response language sql stable as $$
    select case when status = 200 and not q.write and q.if_none_match is not null and names_etag(q.if_none_match, etag)
                then row(304, etag, null, null, false)::response
                else row(status, etag, location, body, false)::response end
$$;

create function gone() returns response language sql immutable as $$
    select row(204, null, null, null, false)::response
$$;

-- Makes the JSON of what clients are shown: of a view `product_wire` the view `product_document`, the same
-- with its JSON as "#json"; of a type `token_wire` the function `token_json(token_wire)`. The columns' names
-- are the JSON's keys, in their order (those beginning with # aren't for clients), so an object made here
-- and a row of a list written by the program say the same. One concat, since what an expression costs in a short
-- query is mostly making each of its functions ready.
create function publish(wire text) returns void
language plpgsql as $$
declare
    expression text;
begin
    select format('concat(''{'', %s, ''}'')', string_agg(format('%L, coalesce(%s, ''null'')',
               case when attnum = 1 then '' else ',' end || to_json(attname::text)::text || ':',
               format(case atttypid
                          when 'text'::regtype then 'to_json(w.%I)::text'
                          when 'timestamptz'::regtype then '''"'' || rfc3339(w.%I) || ''"'''
                          else 'w.%I::text' end, attname)),
               ', ' order by attnum))
      into strict expression
      from pg_attribute
     where attrelid = wire::regclass and attnum > 0 and attname !~ '^#';
    if (select relkind from pg_class where oid = wire::regclass) = 'v' then
        execute format('create view %I as select w.*, %s as "#json" from %I w', replace(wire, '_wire', '_document'),
                       expression, wire);
    else
        execute format('create function %I(w %I) returns text language sql stable as %L',
                       replace(wire, '_wire', '_json'), wire, 'select ' || expression);
    end if;
end
$$;

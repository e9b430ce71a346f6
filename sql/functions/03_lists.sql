-- Lists: every one of them comes as one page (NAME_list, one round trip) and as a stream of all
-- (NAME_stream, a cursor over one snapshot), from one description of what is selected.

create type selection as (
    base   text, -- the query of all rows, without order; values already quoted into it
    key    text, -- the column to sort by
    key_id text, -- the column that breaks ties, of the same table as the key, so that one index serves both
    kind   text, -- the key's type
    down   boolean
);

-- The condition, with its value quoted in; nothing when the value isn't given.
create function filter(condition text, value text) returns text
language sql immutable as $$
    select case when value is null then '' else ' and ' || format(condition, value) end
$$;

-- A pattern for LIKE that means the text itself, anywhere.
create function containing(term text) returns text
language sql immutable as $$
    select '%' || regexp_replace(term, '([\\%_])', '\\\1', 'g') || '%'
$$;

create function flag(q request, name text) returns boolean
language sql immutable as $$
    select (q.input ->> name)::boolean
$$;

-- The cursor's value of the key. A list whose order nobody asked for has cursors of ids alone: there
-- its row, which is never deleted, tells.
create function place_of(q request, s selection) returns text
language sql immutable as $$
    select case when q.input ? 'after' then format('%L::%s', q.input ->> 'after', s.kind)
                else format('(select %I from (%s) as place where %I = %s)', s.key, s.base, s.key_id,
                            (q.input ->> 'afterId')::bigint) end
$$;

-- One page's query: keyset after the cursor's row, ordered, one row more than asked, which tells
-- whether there is a next page.
create function page_query(q request, s selection) returns text
language plpgsql immutable as $$
begin
    return (select s.base
        || case when not q.input ? 'afterId' then ''
                when s.key = s.key_id then format(' and %I %s %s', s.key_id, beyond, (q.input ->> 'afterId')::bigint)
                else format(' and (%I, %I) %s (%s, %s)', s.key, s.key_id, beyond, place_of(q, s),
                            (q.input ->> 'afterId')::bigint) end
        || case when s.key = s.key_id then format(' order by %I %s', s.key_id, direction)
                else format(' order by %1$I %3$s, %2$I %3$s', s.key, s.key_id, direction) end
        || coalesce(' limit ' || (q.input ->> 'limit')::integer + 1, '')
      from (select case when s.down then '<' else '>' end as beyond,
                   case when s.down then 'desc' else 'asc' end as direction) as sense);
end
$$;

create function count_query(s selection) returns text
language sql immutable as $$
    select format('select count(*) from (%s) as counted', s.base)
$$;

-- Makes NAME_list and NAME_stream from the function select_NAME(request, actor), which gives the
-- selection, and the row type they answer in. A last row that holds nothing but "#total" carries
-- the count where one was asked for.
create function publish_list(name text, row_type text) returns void
language plpgsql as $$
begin
    execute format($make$
        create function %1$I(q request) returns setof %2$I
        language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $body$
        declare
            s selection := %4$I(q, authenticate(q));
            total %2$I;
        begin
            return query execute page_query(q, s);
            if flag(q, 'count') then
                execute count_query(s) into total."#total";
                return next total;
            end if;
        end
        $body$
        $make$, name || '_list', row_type, name || '_stream', 'select_' || name);
    execute format($make$
        create function %3$I(q request) returns response
        language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $body$
        declare
            s selection := %4$I(q, authenticate(q));
            rows refcursor := 'rows';
            total bigint;
        begin
            if flag(q, 'count') then
                execute count_query(s) into total;
            end if;
            open rows no scroll for execute page_query(q, s);
            return row(200, null, null, total::text, false)::response;
        end
        $body$
        $make$, name || '_list', row_type, name || '_stream', 'select_' || name);
end
$$;

-- Rows of short lists, whose JSON is made here.
create type json_row as ("id" bigint, "#json" json, "#total" bigint);

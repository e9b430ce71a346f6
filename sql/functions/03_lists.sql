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
-- shown: the columns, so that what only orders and versions of the rows aren't made and sent fifty times
create function page_query(q request, s selection, shown text) returns text
language plpgsql immutable as $$
begin
    return (select 'select ' || shown || ' from (' || s.base
        || case when not q.input ? 'afterId' then ''
                when s.key = s.key_id then format(' and %I %s %s', s.key_id, beyond, (q.input ->> 'afterId')::bigint)
                else format(' and (%I, %I) %s (%s, %s)', s.key, s.key_id, beyond, place_of(q, s),
                            (q.input ->> 'afterId')::bigint) end
        || ') as found'
        || case when s.key = s.key_id then format(' order by found.%I %s', s.key_id, direction)
                else format(' order by found.%1$I %3$s, found.%2$I %3$s', s.key, s.key_id, direction) end
        || coalesce(' limit ' || (q.input ->> 'limit')::integer + 1, '')
      from (select case when s.down then '<' else '>' end as beyond,
                   case when s.down then 'desc' else 'asc' end as direction) as sense);
end
$$;

create function count_query(s selection) returns text
language sql immutable as $$
    select format('select count(*) from (%s) as counted', s.base)
$$;

-- How many rows a page whose plan is kept may have. A function, since PostgreSQL looks at a stable one's value
-- when it plans, and so plans for a few rows; a parameter it would take for a tenth of the table.
create function page_limit() returns bigint
language sql stable as $$
    select current_setting('smartflow.page')::bigint
$$;

-- The first pages without a filter, which everybody opens, as statements of their own: their plans are kept,
-- where that of a query put together in each call is made in each call, at more than the page's rows cost.
create function kept_pages(name text, sorts text[], shown text) returns text
language plpgsql as $$
declare
    sort text;
    s selection;
    q request;
    pages text := '';
begin
    foreach sort in array sorts loop
        q.input := case sort when '' then '{}' else jsonb_build_object('sort', sort) end;
        execute format('select (%I($1, null)).*', 'select_' || name) into s using q;
        if position('''' in s.base) > 0 then
            raise 'a page of % depends on more than its order', name;
        end if;
        pages := pages || format($page$
                when %L then
                    return query %s limit page_limit();
                    return;$page$, sort, page_query(q, s, shown));
    end loop;
    return pages;
end
$$;

-- Makes NAME_list and NAME_stream from the function select_NAME(request, actor), which gives the
-- selection, and the row type it selects; of that the lists answer NAME_row: what clients are shown, and
-- what the program needs besides. A last row that holds nothing but "#total" carries the count where one
-- was asked for.
-- sorts: those (as `sort` has them, '' where it is absent) whose first page's plan is kept
create function publish_list(name text, row_type text, sorts text[] default '{}') returns void
language plpgsql as $$
declare
    shown text;
    columns text;
begin
    select string_agg(format('found.%I', attname), ', ' order by attnum),
           string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' order by attnum)
      into strict shown, columns
      from pg_attribute
     where attrelid = row_type::regclass and attnum > 0 and (attname !~ '^#' or attname in ('#id', '#json', '#total'));
    execute format('create type %I as (%s)', name || '_row', columns);
    execute format($make$
        create function %1$I(q request) returns setof %2$I
        language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $body$
        declare
            me constant actor := authenticate(q);
            s selection;
            total %2$I;
            page text;
        begin
            if q.input ? 'limit' and q.input - '{limit,sort}'::text[] = '{}' then
                page := set_config('smartflow.page', ((q.input ->> 'limit')::bigint + 1)::text, true);
                case coalesce(q.input ->> 'sort', '')%5$s
                else
                    page := null;
                end case;
            end if;
            s := %4$I(q, me);
            return query execute page_query(q, s, %6$L);
            if flag(q, 'count') then
                execute count_query(s) into total."#total";
                return next total;
            end if;
        end
        $body$
        $make$, name || '_list', name || '_row', name || '_stream', 'select_' || name,
        coalesce(nullif(kept_pages(name, sorts, shown), ''), ' when null then'), shown);
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
            open rows no scroll for execute page_query(q, s, %6$L);
            return row(200, null, null, total::text, false)::response;
        end
        $body$
        $make$, name || '_list', name || '_row', name || '_stream', 'select_' || name, null, shown);
end
$$;

-- Rows of short lists, whose JSON is made here.
create type json_row as ("id" bigint, "#json" json, "#total" bigint);

-- Products back from a spreadsheet. The program copies the file's checked rows into a table, one
-- transaction long; here they are judged together, and written all or not at all.

-- Makes that table: the families' roles may make none themselves.
create function admin_backup_import_stage(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
begin
    perform writer(q);
    create temporary table import_rows (
        line   bigint not null, -- of the file, on which the row starts
        given  jsonb not null,  -- what it names, checked like a PATCH, and the id it goes by
        errors jsonb not null,  -- {field: reason} of what is wrong in itself
        id     bigint generated always as ((given ->> 'id')::bigint) stored,
        sku    text generated always as (given ->> 'sku') stored
    ) on commit drop;
    execute format('grant insert on pg_temp.import_rows to %I',
                   calling_role());
    return gone();
end
$$;

-- input: dryRun, and stock, `set` for a stocktake of the products that are here already
create function admin_backup_import(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    set_stock boolean := coalesce(q.input ->> 'stock' = 'set', false);
begin
    create temporary table import_plan (
        line bigint primary key, given jsonb, errors jsonb, outcome text, id bigint,
        before products, after products, held inventory, stock numeric, minimum numeric, changes boolean
    ) on commit drop;
    analyze pg_temp.import_rows;
    if coalesce(flag(q, 'dryRun'), false) then
        perform judge_import(set_stock);
        return import_answer(true);
    end if;
    perform pg_advisory_xact_lock(hashtextextended('smartflow import', 0)); -- two could take each other's SKUs
    for attempt in 1 .. 5 loop
        begin
            perform run_import(set_stock);
            return import_answer(false);
        exception when serialization_failure or unique_violation then
            -- Somebody was faster: what was locked and done is undone, and the rows are judged anew.
            if attempt = 5 then
                raise;
            end if;
        end;
    end loop;
end
$$;

-- Locks only what is going to change, in the order of ids, so that the shop goes on selling the rest;
-- then judges by what can't change any more.
create function run_import(set_stock boolean) returns void
language plpgsql as $$
declare
    locked bigint[];
begin
    perform judge_import(set_stock);
    perform refuse_import();
    select array_agg(product_id) into locked
      from (select i.product_id from inventory i
             where i.product_id in (select id from pg_temp.import_plan where outcome = 'update')
             order by i.product_id for no key update) as rows;
    perform judge_import(set_stock);
    perform refuse_import();
    if exists (select id from pg_temp.import_plan where outcome = 'update' except select unnest(locked)) then
        raise serialization_failure using message = 'products changed while an import began';
    end if;
    perform write_import();
end
$$;

-- Finds for each row the product it means, what becomes of it, and everything that is wrong.
create function judge_import(set_stock boolean) returns void
language plpgsql as $$
begin
    truncate pg_temp.import_plan;
    insert into pg_temp.import_plan (line, given, errors, id, before, after, held, stock, minimum, changes)
    select r.line, r.given, r.errors, p.id, p, edited, i, n.stock, n.minimum,
           p.id is not null and (edited is distinct from p or n.stock <> i.on_hand or n.minimum <> i.min_stock)
      from pg_temp.import_rows r
      left join products s on s.sku = r.sku and not s.archived and r.id is null and not r.errors ? 'id'
      left join products p on p.id = coalesce(r.id, s.id)
      left join inventory i on i.product_id = p.id
     cross join lateral edited_product(p, r.given) as edited
     cross join lateral (select case when p.id is not null and not set_stock then i.on_hand
                                     else coalesce((r.given ->> 'stock')::numeric, i.on_hand) end as stock,
                                coalesce((r.given ->> 'minStock')::numeric, i.min_stock) as minimum) as n;
    analyze pg_temp.import_plan;
    update pg_temp.import_plan p
       set errors = judged.errors,
           outcome = case when judged.errors <> '{}' then 'error' when p.id is null then 'create'
                          when p.changes then 'update' else 'unchanged' end
      from (select r.line, coalesce(f.reasons, '{}') || r.errors as errors -- what was found first counts
              from pg_temp.import_rows r
              left join (select line, jsonb_object_agg(field, reason) as reasons
                           from (select * from import_row_faults() union all select * from import_file_faults()) as found
                          group by line) as f on f.line = r.line) as judged
     where judged.line = p.line;
end
$$;

-- What the shop has against a row.
create function import_row_faults() returns table (line bigint, field text, reason text)
language plpgsql stable as $$
begin
    return query
        select p.line, 'id', 'is no product''s; leave it empty to create one'
          from pg_temp.import_plan p
         where p.given ? 'id' and p.id is null
        union all
        select p.line, needed.field, 'is required'
          from pg_temp.import_plan p, unnest(array['name', 'stock', 'minStock', 'price']) as needed (field)
         where p.id is null and not p.given ? 'id' and not p.errors ? 'id' and not p.given ? needed.field
        union all
        select p.line, 'id', 'is an archived product''s; archived must be false to bring it back'
          from pg_temp.import_plan p
         where (p.before).archived and (p.after).archived and p.changes
        union all
        select p.line, 'archived', 'must stay false while an open order names the product'
          from pg_temp.import_plan p
         where (p.after).archived and not (p.before).archived and in_open_order(p.id)
        union all
        select p.line, 'stock', format('must be at least %s, which open orders hold', trim_scale((p.held).reserved))
          from pg_temp.import_plan p
         where p.stock < (p.held).reserved
        union all
        select p.line, 'sku', 'is taken by another product'
          from pg_temp.import_plan p
          join products other on other.sku = (p.after).sku and not other.archived and other.id is distinct from p.id
         where not (p.after).archived and not exists (select from pg_temp.import_plan o where o.id = other.id);
end
$$;

-- What the rows have against each other: all of them are to hold at the end, in whatever order.
create function import_file_faults() returns table (line bigint, field text, reason text)
language plpgsql stable as $$
begin
    return query
        select p.line, case when p.given ? 'id' then 'id' else 'sku' end,
               format('names the same product as line %s', case p.line when p.first then p.last else p.first end)
          from (select a.line, a.given, min(a.line) over same as first, max(a.line) over same as last
                  from pg_temp.import_plan a where a.id is not null window same as (partition by a.id)) as p
         where p.first < p.last
        union all
        select p.line, 'sku', format('is also that of line %s', case p.line when p.first then p.last else p.first end)
          from (select a.line, min(a.line) over same as first, max(a.line) over same as last,
                       min(coalesce(a.id, -a.line)) over same < max(coalesce(a.id, -a.line)) over same as differ
                  from pg_temp.import_plan a
                 where (a.after).sku is not null and not (a.after).archived
                window same as (partition by (a.after).sku)) as p
         where p.differ;
end
$$;

-- All or nothing: refuses when a row is wrong.
create function refuse_import() returns void
language plpgsql as $$
declare
    found_all bigint;
    details jsonb;
begin
    select count(*), jsonb_object_agg(format('line %s: %s', e.line, e.field), e.reason) filter (where e.n <= 100)
      into found_all, details
      from (select p.line, f.field, f.reason, row_number() over (order by p.line, f.field) as n
              from pg_temp.import_plan p cross join lateral jsonb_each_text(p.errors) as f (field, reason)) as e;
    if found_all > 0 then
        perform fail('VALIDATION_ERROR', 'The request is not valid.', details
            || case when found_all > 100 then jsonb_build_object('more', format('There are %s more.', found_all - 100))
                    else '{}' end);
    end if;
end
$$;

create function write_import() returns void
language plpgsql as $$
declare
    r record;
begin
    perform explain_movements('Import'), set_config('smartflow.action', 'import', true);
    -- A SKU that goes from one product to another is free before it is taken, whatever the order.
    perform set_config('smartflow.hold', 'sku', true);
    update products set sku = null
     where id in (select p.id from pg_temp.import_plan p
                    join pg_temp.import_plan taker on (taker.after).sku = (p.before).sku and taker.line <> p.line
                   where not (p.before).archived and (p.after).sku is distinct from (p.before).sku
                     and p.outcome = 'update' and taker.outcome in ('create', 'update'));
    perform set_config('smartflow.hold', '', true);
    for r in select p.* from pg_temp.import_plan p where p.outcome = 'update'
              order by (p.after).archived > (p.before).archived desc, p.id -- archiving frees a SKU too
    loop
        if (r.after).sku is distinct from (r.before).sku then
            perform set_config('smartflow.changes', json_build_object('sku',
                json_build_object('from', (r.before).sku, 'to', (r.after).sku))::text, true);
        end if;
        perform write_product(r.before, r.after, r.held, r.stock, r.minimum);
    end loop;
    with made as materialized (
        select c.line, insert_product(c.after, c.stock, c.minimum) as id
          from (select * from pg_temp.import_plan where outcome = 'create' order by line) as c
    )
    update pg_temp.import_plan p set id = made.id from made where made.line = p.line;
end
$$;

create function import_answer(dry boolean) returns response
language plpgsql as $$
declare
    body text;
begin
    select format('{"dryRun":%s,"rows":[%s],"counts":{"create":%s,"update":%s,"unchanged":%s,"error":%s}}', to_json(dry),
               string_agg(format('{"line":%s,"outcome":"%s","id":%s,"errors":%s}', line, outcome,
                                 coalesce(id::text, 'null'), errors), ',' order by line),
               count(*) filter (where outcome = 'create'), count(*) filter (where outcome = 'update'),
               count(*) filter (where outcome = 'unchanged'), count(*) filter (where outcome = 'error'))
      into body
      from pg_temp.import_plan;
    return row(200, null, null, body, false)::response;
end
$$;

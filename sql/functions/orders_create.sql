-- New orders: one alone, or together those that came while as many groups as may be were under way. What costs most
-- of an order is beginning its statements, and waiting for the disk; together they share both.

-- A new order, priced and with what the rules made of it, that isn't written yet.
create type order_draft as (
    an_order orders,
    actor    json,           -- who places it
    reason   text,           -- why its goods are taken; null: they stay reserved
    runs     workflow_runs[]
);

-- What a request asks for. Refuses what can't be had.
-- assigned: to whom the orders before it went that are written together with it
create function drafted(q request, p priced_lines, actor json, assigned assignment[]) returns order_draft
language plpgsql as $$
declare
    o orders;
    wanted_status constant text := coalesce(q.input ->> 'status', 'Pending');
    s rule_subject;
    completed record;
    short bigint[];
begin
    o.id := nextval('smartflow.orders_id_seq');
    o.customer_name := q.input ->> 'customerName';
    o.customer_email := q.input ->> 'customerEmail';
    o.notes := q.input ->> 'notes';
    o.assigned_to := (q.input ->> 'assignedTo')::bigint;
    o.status := case wanted_status when 'Completed' then 'Pending' else wanted_status end;
    o.stock_reduced := false;
    o.version := 1;
    o.created_at := clock();
    o.updated_at := clock();
    o := with_lines(o, p, o.assigned_to);
    -- What certainly can't be had is refused before anything is written.
    if p.lacking then
        short := array(select m.product_id from unnest(goods_moves(null, o)) as m
                         join inventory i on i.product_id = m.product_id where i.available < m.held);
        if short <> '{}' then
            perform refuse_short(null, o, short);
        end if;
    end if;
    s := run_rules('New Order', o, false, assigned);
    if wanted_status = 'Completed' then
        if not (s.an_order).stock_reduced then
            s.reason := format('Order %s completed', o.id);
        end if;
        completed := complete(s.an_order, s.runs, assigned);
        return row(completed.o, actor, s.reason, completed.runs);
    end if;
    return row(s.an_order, actor, s.reason, s.runs);
end
$$;

-- Writes new orders and moves their goods; gives what is answered, in their order.
create function place(drafts order_draft[]) returns response[]
language plpgsql as $$
declare
    o orders;
    said text;
begin
    if cardinality(drafts) > 1 then
        said := set_config('smartflow.actors', (select json_agg(actor::jsonb || jsonb_build_object('order_id', (an_order).id))
                                                  from unnest(drafts))::text, true);
    else -- those that came with it may have spoken since
        said := set_config('smartflow.actor', drafts[1].actor::text, true);
    end if;
    -- Who counts open orders (keep_open_order_counts) wants users in the order of their ids.
    insert into orders overriding system value
    select (d.an_order).* from unnest(drafts) as d order by (d.an_order).assigned_to, (d.an_order).id;
    said := set_config('smartflow.actors', '', true);
    insert into workflow_runs overriding system value
    select r.* from unnest(drafts) as d cross join unnest(d.runs) as r order by r.id;
    if cardinality(drafts) > 1 then
        perform settle_together(drafts);
    else
        o := drafts[1].an_order;
        perform settle_goods(null, o, coalesce(drafts[1].reason, ''));
    end if;
    return array(select row(201, d."#etag", '/api/orders/' || d.id, d."#json", false)::response
                   from order_document d where d.id = any (array(select (an_order).id from unnest(drafts))) order by d.id);
end
$$;

-- Moves the goods of several new orders as if one after the other, in the order of their ids. Where there isn't
-- enough for all, or a product was archived meanwhile, none is moved: each has to be placed alone.
create function settle_together(drafts order_draft[]) returns void
language plpgsql as $$
declare
    moves move[];
    parts text;
    said text := explain_movements('', (drafts[1].an_order).id); -- an order's, for the trail
begin
    with goods as materialized (
        select (d.an_order).id as order_id, (d.an_order).stock_reduced as taken, l.product_id, sum(l.quantity) as quantity,
               d.reason, (d.actor ->> 'id')::bigint as user_id, d.actor ->> 'username' as username
          from unnest(drafts) as d cross join lateral lines_of((d.an_order).items) as l
         group by 1, 2, 3, 5, 6, 7
    )
    select array(select row(product_id, coalesce(sum(quantity) filter (where not taken), 0),
                            coalesce(sum(quantity) filter (where taken), 0))::move
                   from goods group by product_id),
           (select json_agg(of_order)
              from (select product_id, order_id, quantity as taken, reason, user_id, username,
                           sum(quantity) over (partition by product_id order by order_id
                                               rows between 1 following and unbounded following) as later
                      from goods where taken) as of_order)
      into moves, parts;
    said := set_config('smartflow.parts', coalesce(parts, ''), true);
    if move_goods(moves) <> '{}' then
        perform fail('INSUFFICIENT_STOCK', 'There is not enough stock for all of these orders.');
    end if;
    said := set_config('smartflow.parts', '', true);
    if exists (select from unnest(moves) as m join products p on p.id = m.product_id where p.archived) then
        perform fail('INVALID_OPERATION', 'One of these orders names an archived product.');
    end if;
end
$$;

create function orders_create(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp
set plan_cache_mode = force_generic_plan as $$
declare
    me constant actor := writer(q);
    priced constant priced_lines[] := priced(array(select l from wanted_lines(q.input -> 'items') as l));
begin
    return (place(array[drafted(q, priced[1], current_setting('smartflow.actor')::json, '{}')]))[1];
end
$$;

-- Several at once, as if one after the other. Gives the answers in the order of the requests; null for one that
-- has to be called alone: nothing of it is done.
create function orders_create_many(qs request[]) returns response[]
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp
set plan_cache_mode = force_generic_plan as $$
declare
    replies response[] := array_fill(null::response, array[cardinality(qs)]);
    actors json[] := array_fill(null::json, array[cardinality(qs)]); -- null: called alone
    known request; -- whose user is `me`: mostly all of them have the same token
    me actor;
    claims claim[] := '{}';
    lines wanted_line[];
    p priced_lines;
    draft order_draft;
    drafts order_draft[] := '{}';
    turns integer[] := '{}'; -- which request each draft is of
    assigned assignment[] := '{}';
    placed response[];
    refusal text;
begin
    for i in 1 .. cardinality(qs) loop
        if known is null or (qs[i]).credential is distinct from known.credential
                         or (qs[i]).role is distinct from known.role or (qs[i]).cross_site is distinct from known.cross_site then
            begin
                me := writer(qs[i]);
                known := qs[i];
            exception when others then
                continue;
            end;
        end if;
        actors[i] := acting(qs[i], me.id, me.username, me.role);
        if (qs[i]).key is not null then
            claims := claims || row(i, me.id, (qs[i]).key, (qs[i]).fingerprint)::claim;
        end if;
    end loop;
    if cardinality(claims) > 0 then
        claims := claimed(claims);
    end if;
    for i in 1 .. cardinality(qs) loop
        if (qs[i]).key is not null and not exists (select from unnest(claims) as c where c.n = i) then
            actors[i] := null;
        end if;
    end loop;
    lines := array(select l from generate_series(1, cardinality(qs)) as turn
                    cross join lateral wanted_lines((qs[turn]).input -> 'items', turn) as l where actors[turn] is not null);
    foreach p in array coalesce(priced(lines), '{}') loop
        begin
            draft := drafted(qs[p.n], p, actors[p.n], assigned);
            drafts := drafts || draft;
            turns := turns || p.n;
            assigned := assigned || row((draft.an_order).assigned_to, (draft.an_order).status <> 'Completed')::assignment;
        exception
            when sqlstate 'SF404' or sqlstate 'SF409' then
                get stacked diagnostics refusal = message_text;
                replies[p.n] := refused(sqlstate, refusal);
            when others then
                null;
        end;
    end loop;
    if cardinality(drafts) > 0 then
        placed := place(drafts);
        for i in 1 .. cardinality(turns) loop
            replies[turns[i]] := placed[i];
        end loop;
    end if;
    if cardinality(claims) > 0 then
        perform keep_outcomes(claims, replies);
    end if;
    return replies;
end
$$;

call publish_released('orders_create');
call publish_together('orders_create');

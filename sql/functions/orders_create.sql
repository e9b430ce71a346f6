-- New orders: one alone, or together those that came while as many groups as may be were under way. What costs most
-- of an order is beginning its statements, and waiting for the disk; together they share both.

-- A new order, priced and with what the rules made of it, that isn't written yet.
create type order_draft as (
    n        integer,        -- which of the requests
    an_order orders,
    placed   author,         -- by whom
    reason   text,           -- why its goods are taken; null: they stay reserved
    runs     workflow_runs[]
);

-- What a request asks for. Refuses what can't be had.
-- rules: those of New Order
-- assigned: to whom the orders before it went that are written together with it
create function drafted(q request, p priced_lines, placed author, rules workflows[], assigned assignment[] default '{}') returns order_draft
language plpgsql as $$
declare
    o orders;
    wanted_status constant text := coalesce(q.input ->> 'status', 'Pending');
    s rule_subject;
    completed record;
    short bigint[];
begin
    o.id := nextval('smartflow.orders_id_seq');
    placed.order_id := o.id;
    o.customer_name := q.input ->> 'customerName';
    o.customer_email := q.input ->> 'customerEmail';
    o.notes := q.input ->> 'notes';
    o.assigned_to := (q.input ->> 'assignedTo')::bigint;
    o.status := case wanted_status when 'Completed' then 'Pending' else wanted_status end;
    o.stock_reduced := false;
    o.version := 1;
    o.created_at := clock();
    o.updated_at := o.created_at;
    o := with_lines(o, p, o.assigned_to);
    -- What certainly can't be had is refused before anything is written.
    if p.lacking then
        short := array(select m.product_id from unnest(goods_moves(null, o)) as m
                         join inventory i on i.product_id = m.product_id where i.available < m.held);
        if short <> '{}' then
            perform refuse_short(null, o, short);
        end if;
    end if;
    s := run_rules(rules, row(o, null, false, null, assigned, '{}')::rule_subject);
    if wanted_status = 'Completed' then
        if not (s.an_order).stock_reduced then
            s.reason := format('Order %s completed', o.id);
        end if;
        completed := complete(s.an_order, s.runs, assigned);
        return row(p.n, completed.o, placed, s.reason, completed.runs);
    end if;
    return row(p.n, s.an_order, placed, s.reason, s.runs);
end
$$;

-- Writes new orders and moves their goods; gives what is answered, in their order.
-- lines: theirs
create function place(drafts order_draft[], lines wanted_line[]) returns response[]
language plpgsql as $$
declare
    o orders;
    said text;
begin
    if cardinality(drafts) > 1 then
        said := set_config('smartflow.authors', array(select placed from unnest(drafts))::text, true);
    else -- those that came with it may have spoken since
        said := speak_for(drafts[1].placed);
    end if;
    -- Who counts open orders (keep_open_order_counts) wants users in the order of their ids.
    insert into orders overriding system value
    select (d.an_order).* from unnest(drafts) as d order by (d.an_order).assigned_to, (d.an_order).id;
    said := set_config('smartflow.authors', '', true);
    insert into workflow_runs overriding system value
    select r.* from unnest(drafts) as d cross join unnest(d.runs) as r order by r.id;
    if cardinality(drafts) > 1 then
        perform settle_together(drafts, lines);
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
create function settle_together(drafts order_draft[], lines wanted_line[]) returns void
language plpgsql as $$
declare
    moves move[];
    parts order_part[];
    said text := explain_movements('', (drafts[1].an_order).id); -- an order's, for the trail
begin
    with goods as materialized (
        select d.placed, d.reason, (d.an_order).stock_reduced as taken, l.product_id, l.quantity
          from (select n, product_id, sum(quantity) as quantity from unnest(lines) group by n, product_id) as l
          join unnest(drafts) as d on d.n = l.n
    )
    select array(select row(product_id, coalesce(sum(quantity) filter (where not taken), 0),
                            coalesce(sum(quantity) filter (where taken), 0))::move
                   from goods group by product_id),
           array(select row(product_id, (placed).order_id, quantity,
                            sum(quantity) over (partition by product_id order by (placed).order_id
                                                rows between 1 following and unbounded following),
                            reason, (placed).id, (placed).username)::order_part
                   from goods where taken)
      into moves, parts;
    said := set_config('smartflow.parts', parts::text, true);
    if move_goods(moves) <> '{}' then
        perform fail('INSUFFICIENT_STOCK', 'There is not enough stock for all of these orders.');
    end if;
    said := set_config('smartflow.parts', '', true);
    if exists (select from unnest(moves) as m join products p on p.id = m.product_id where p.archived) then
        perform fail('INVALID_OPERATION', 'One of these orders names an archived product.');
    end if;
end
$$;

create function placed_by(q request, me actor) returns author
language sql stable as $$
    select row(null, me.id, me.username, me.role, q.request_id, q.address)::author
$$;

create function orders_create(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp
set plan_cache_mode = force_generic_plan as $$
declare
    me constant actor := writer(q);
    lines constant wanted_line[] := array(select l from wanted_lines(q.input -> 'items') as l);
begin
    return (place(array[drafted(q, (priced(lines))[1], placed_by(q, me), rules_of('New Order'))], lines))[1];
end
$$;

-- Several at once, as if one after the other. Gives the answers in the order of the requests; null for one that
-- has to be called alone: nothing of it is done.
create function orders_create_many(qs request[]) returns response[]
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp
set plan_cache_mode = force_generic_plan as $$
declare
    replies response[] := array_fill(null::response, array[cardinality(qs)]);
    who constant actor[] := callers(qs, true);
    authors author[] := array_fill(null::author, array[cardinality(qs)]); -- null: called alone
    claims claim[] := '{}';
    rules constant workflows[] := rules_of('New Order');
    lines wanted_line[];
    p priced_lines;
    draft order_draft;
    drafts order_draft[] := '{}';
    assigned assignment[] := '{}';
    placed response[];
    refusal text;
begin
    for i in 1 .. cardinality(qs) loop
        continue when who[i] is not distinct from null;
        authors[i] := placed_by(qs[i], who[i]);
        if (qs[i]).key is not null then
            claims := claims || row(i, (who[i]).id, (qs[i]).key, (qs[i]).fingerprint)::claim;
        end if;
    end loop;
    if cardinality(claims) > 0 then
        claims := claimed(claims);
        for i in 1 .. cardinality(qs) loop
            if (qs[i]).key is not null and not exists (select from unnest(claims) as c where c.n = i) then
                authors[i] := null;
            end if;
        end loop;
    end if;
    lines := array(select l from generate_series(1, cardinality(qs)) as turn
                    cross join lateral wanted_lines((qs[turn]).input -> 'items', turn) as l where authors[turn] is distinct from null);
    foreach p in array coalesce(priced(lines), '{}') loop
        begin
            draft := drafted(qs[p.n], p, authors[p.n], rules, assigned);
            drafts := drafts || draft;
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
        placed := place(drafts, lines);
        for i in 1 .. cardinality(drafts) loop
            replies[drafts[i].n] := placed[i];
        end loop;
    end if;
    if cardinality(claims) > 0 then
        perform keep_outcomes(claims, replies);
    end if;
    return replies;
end
$$;

call publish_released('orders_create');
call publish_gathered('orders_create', true);

-- Family workflows: the runs, the preview, the deliveries.

create view run_wire as
select r.id, r.rule_id as "ruleId", r.rule_name as "ruleName", r.trigger, r.action, r.order_id as "orderId",
       r.product_id as "productId", r.outcome, r.reason, r.created_at as "createdAt", null::bigint as "#total"
  from workflow_runs r;

create function select_workflows_runs(q request, me actor) returns selection
language plpgsql stable as $$
begin
    return (select row('select * from run_wire where true'
            || filter('"ruleId" = %L', q.input ->> 'ruleId') || filter('trigger = %L', q.input ->> 'trigger')
            || filter('outcome = %L', q.input ->> 'outcome') || filter('"orderId" = %L', q.input ->> 'orderId')
            || filter('"productId" = %L', q.input ->> 'productId')
            || filter('"createdAt" >= %L', moment(q.input ->> 'from', q.time_zone)::text)
            || filter('"createdAt" < %L', moment(q.input ->> 'to', q.time_zone)::text),
        'id', 'id', 'bigint', coalesce(q.input ->> 'sort', '') ~ '^-')::selection);
end
$$;

select publish_list('workflows_runs', 'run_wire', array['', 'id', '-id']);

-- What happened in the last days that a trigger is about, by today's values; without the rule's own view.
create function preview_subjects(fired text, since timestamptz)
returns table (at timestamptz, order_id bigint, product_id bigint, facts jsonb, stock_reduced boolean)
language plpgsql stable as $$
begin
    if fired = 'Low Stock' then
        return query
        select m.created_at, null::bigint, m.product_id, product_facts(m.product_id)
                    || jsonb_build_object('product.stock', trim_scale(m.balance)), false
          from movements m join inventory i on i.product_id = m.product_id
         where m.created_at >= since and m.balance < i.min_stock and m.balance - m.delta >= i.min_stock
           -- the stock a product was created with has crossed nothing
           and exists (select from movements e where e.product_id = m.product_id and e.id < m.id);
    else
        return query
        select case fired when 'New Order' then o.created_at else o.completed_at end, o.id, null::bigint, order_facts(o),
               exists (select from workflow_runs r where r.order_id = o.id and r.action = 'Reduce Stock'
                          and r.trigger = 'New Order' and r.outcome = 'done')
          from orders o
         where case fired when 'New Order' then o.created_at >= since else o.completed_at >= since end;
    end if;
end
$$;

-- What the rule would do there: null when it would be skipped for a reason of its own.
create function preview_effect(w workflows, order_id bigint, facts jsonb, reduced boolean) returns rule_outcome
language sql stable as $$
    select case
        when failed_condition(w.conditions, facts) is not null
            then row('skipped', failed_condition(w.conditions, facts))::rule_outcome
        when w.action = 'Reduce Stock' and order_id is null
            then row('skipped', 'Low Stock is about no order whose stock could be reduced.')::rule_outcome
        when w.action = 'Reduce Stock' and w.trigger = 'Order Completed' and reduced
            then row('skipped', 'The stock was already reduced.')::rule_outcome
        when w.action = 'Reduce Stock' then row('done', 'Takes the order''s goods off the shelf.')::rule_outcome
        when w.action = 'Assign Staff' and w.config ? 'userId'
            then row('done', format('Assigns it to %s.', (select username from users where id = (w.config ->> 'userId')::bigint)))::rule_outcome
        when w.action = 'Assign Staff' and least_busy() is null
            then row('failed', 'There is no active staff user.')::rule_outcome
        when w.action = 'Assign Staff'
            then row('done', 'Assigns it to the staff user with the fewest open orders.')::rule_outcome
        else row('done', left(coalesce(filled_in(w.config ->> 'message', facts), standard_message(w.trigger, facts)), 500))::rule_outcome end
$$;

create function workflows_preview(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := authenticate(q);
    days integer := coalesce((q.input ->> 'days')::integer, 30);
    w workflows := workflow_from(q.input - 'days', null);
    answer text;
begin
    perform check_workflow(me, w);
    with looked_at as (
        select s.at, s.order_id, s.product_id, preview_effect(w, s.order_id, s.facts, s.stock_reduced) as effect
          from preview_subjects(w.trigger, now() - make_interval(days => days)) as s
    ), newest as (
        select row_to_json(f) as firing
          from (select rfc3339(at) as at, order_id as "orderId", product_id as "productId", (effect).outcome, (effect).reason as effect
                  from looked_at order by looked_at.at desc, order_id desc, product_id desc limit 1000) as f
    )
    select format('{"days":%s,"fired":%s,"skipped":%s,"firings":[%s]}', days,
               (select count(*) from looked_at where (effect).outcome = 'done'),
               (select count(*) from looked_at where (effect).outcome <> 'done'),
               (select string_agg(firing::text, ',') from newest))
      into answer;
    return row(200, null, null, answer, false)::response;
end
$$;

create view delivery_wire as
select d.id, d.event, d.run_id as "runId", d.channel, d.target, d.state, d.created_at as "createdAt",
       d.next_attempt_at as "nextAttemptAt", d.delivered_at as "deliveredAt",
       coalesce((select json_agg(json_build_object('at', to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                                                   'status', a.status, 'error', a.error, 'durationMs', a.duration_ms) order by a.id)
                   from delivery_attempts a where a.delivery_id = d.id), '[]') as attempts,
       null::bigint as "#total"
  from deliveries d;

select publish('delivery_wire');

create function select_workflows_deliveries(q request, me actor) returns selection
language plpgsql stable as $$
begin
    return (select row('select * from delivery_wire where true' || filter('"runId" = %L', q.input ->> 'runId')
            || filter('state = %L', q.input ->> 'state'),
        'id', 'id', 'bigint', coalesce(q.input ->> 'sort', '') ~ '^-')::selection);
end
$$;

select publish_list('workflows_deliveries', 'delivery_wire', array['', 'id', '-id']);

-- Sends one again, by hand: at once, and for another day where it fails. Its event stays the same.
create function workflows_deliveries_retry(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
begin
    if not exists (select from deliveries where id = q.id) then
        perform fail('NOT_FOUND', 'There is no such delivery.');
    end if;
    -- Whoever is sending it holds its row, for as long as that takes.
    update deliveries set state = 'pending', next_attempt_at = now(), delivered_at = null,
                          give_up_at = now() + interval '1 day'
     where id = (select id from deliveries where id = q.id for no key update skip locked);
    if not found then
        perform fail('INVALID_OPERATION', 'It is being sent right now.');
    end if;
    perform pg_notify('smartflow_outbox', '');
    return (select row(202, null, null, d."#json", false)::response from delivery_document d where d.id = q.id);
end
$$;

-- The rules of a trigger, run in id order inside the change that fires them. Here is the one place
-- where actions join: run_action.

-- What an order holds or takes of each product, in the order in which products are locked.
create function goods_of(items json) returns table (product_id bigint, quantity numeric)
language sql immutable as $$
    select l.product_id, sum(l.quantity) from lines_of(items) as l group by l.product_id order by l.product_id
$$;

-- Takes an order's reserved goods off the shelf: a ledger row each.
create function take_goods(o orders, reason text) returns void
language plpgsql as $$
declare
    good record;
begin
    perform explain_movements(reason, o.id);
    for good in select * from goods_of(o.items) loop
        update inventory
           set on_hand = on_hand - good.quantity, reserved = reserved - good.quantity, version = version + 1
         where product_id = good.product_id;
    end loop;
end
$$;

-- Does one rule's work on an order that is locked or not yet written; the caller writes it.
create function run_action(rule workflows, inout o orders, taken boolean, out outcome text, out reason text)
language plpgsql as $$
begin
    case rule.action
        when 'Reduce Stock' then
            if rule.trigger = 'Order Completed' then
                outcome := case when taken then 'done' else 'skipped' end;
                reason := case when taken then 'Completing the order took its goods.'
                               else 'The stock was already reduced.' end;
            elsif o.stock_reduced then
                outcome := 'skipped';
                reason := 'The stock was already reduced.';
            else
                perform take_goods(o, format('Order %s: %s', o.id, rule.name));
                o.stock_reduced := true;
                outcome := 'done';
            end if;
        else
            outcome := 'skipped';
            reason := format('"%s" is not available in this version.', rule.action);
    end case;
end
$$;

-- Runs the enabled rules of a trigger for an order. A rule that can't do its work leaves a failed
-- run and nothing else, and never fails the order.
-- taken: whether completing it just took its goods
create function run_rules(fired text, inout o orders, taken boolean default false)
language plpgsql as $$
declare
    rule workflows;
    ran record;
begin
    for rule in select * from workflows where trigger = fired and enabled order by id loop
        begin
            ran := run_action(rule, o, taken);
            o := ran.o;
        exception when others then
            -- A deadlock or a lost serialisation concerns the whole request, not this rule.
            if sqlstate ~ '^40' then
                raise;
            end if;
            select o as o, 'failed' as outcome, sqlerrm as reason into ran;
        end;
        insert into workflow_runs (rule_id, rule_name, trigger, action, order_id, outcome, reason, created_at)
        values (rule.id, rule.name, rule.trigger, rule.action, o.id, ran.outcome, ran.reason, clock());
    end loop;
end
$$;

-- Family notifications: everybody's own.

create view notification_wire as
select n.id, n.message, n.order_id as "orderId", n.product_id as "productId", n.rule_id as "ruleId", n.read,
       n.created_at as "createdAt", null::bigint as "#total"
  from notifications n;

select publish('notification_wire');

create function select_notifications(q request, me actor) returns selection
language plpgsql stable as $$
begin
    return (select row(format('select id, message, order_id as "orderId", product_id as "productId", rule_id as "ruleId", read,
                              created_at as "createdAt", null::bigint as "#total"
                         from notifications where user_id = %s', me.id)
            || case flag(q, 'unread') when true then ' and not read' when false then ' and read' else '' end,
        'id', 'id', 'bigint', coalesce(q.input ->> 'sort', '') ~ '^-')::selection);
end
$$;

select publish_list('notifications', 'notification_wire');

create function notification_response(q request, me actor) returns response
language plpgsql stable as $$
declare
    body text;
    etag text;
begin
    select w."#json", etag_of(w."#json") into body, etag
      from notifications n join notification_document w on w.id = n.id where n.id = q.id and n.user_id = me.id;
    if body is null then
        perform fail('NOT_FOUND', 'There is no such notification.');
    end if;
    return single(q, body, etag);
end
$$;

create function notifications_read(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
begin
    return notification_response(q, authenticate(q));
end
$$;

create function notifications_update(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
begin
    perform check_precondition(q, (notification_response(q, me)).etag);
    update notifications set read = (q.input ->> 'read')::boolean
     where id = q.id and user_id = me.id and q.input ? 'read' and read <> (q.input ->> 'read')::boolean;
    return notification_response(q, me);
end
$$;

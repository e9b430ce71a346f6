-- Family workflows: rules, what they did, what they would have done, and what left the house.

create view workflow_wire as
select w.id,
       w.name,
       w.trigger,
       w.action,
       w.enabled,
       w.conditions,
       w.config,
       w.created_at as "createdAt",
       w.updated_at as "updatedAt",
       '"' || w.version || '"' as "#etag",
       null::bigint as "#total"
  from workflows w;

select publish('workflow_wire');

create function select_workflows(q request, me actor) returns selection
language plpgsql stable as $$
begin
    return (select row('select * from workflow_wire where true', 'id', 'id', 'bigint', false)::selection);
end
$$;

select publish_list('workflows', 'workflow_wire', array['']);

create function no_workflow() returns void language sql as $$
    select fail('NOT_FOUND', 'There is no such rule.')
$$;

-- What is wrong with a rule's conditions, by field.
create function wrong_conditions(of_trigger text, conditions jsonb) returns jsonb
language plpgsql stable as $$
declare
    wrong jsonb := '{}';
    at text;
    c jsonb;
    n integer := 0;
    kind_of text;
begin
    if jsonb_typeof(conditions) <> 'array' then
        return '{"conditions": "must be a list"}';
    elsif jsonb_array_length(conditions) > 50 then
        return '{"conditions": "must have at most 50 entries"}';
    end if;
    for c in select e from jsonb_array_elements(conditions) as e loop
        at := format('conditions[%s]', n);
        n := n + 1;
        if jsonb_typeof(c) <> 'object' then
            wrong := wrong || jsonb_build_object(at, 'must be an object of field, operator and value');
            continue;
        end if;
        wrong := wrong || coalesce((select jsonb_object_agg(at || '.' || k, 'is not a known field') from jsonb_object_keys(c) as k
                                     where k not in ('field', 'operator', 'value')), '{}');
        select f.kind into kind_of from rule_fields(of_trigger) as f where f.field = c ->> 'field';
        if kind_of is null then
            wrong := wrong || jsonb_build_object(at || '.field', 'must be one of: '
                || (select string_agg(f.field, ', ') from rule_fields(of_trigger) as f));
            continue;
        end if;
        if c ->> 'operator' is null or not c ->> 'operator' = any (case kind_of
                when 'number' then array['=', '!=', '<', '<=', '>', '>='] else array['=', '!=', 'contains'] end) then
            wrong := wrong || jsonb_build_object(at || '.operator', format('must be one of: %s',
                case kind_of when 'number' then '=, !=, <, <=, >, >=' else '=, !=, contains' end));
        end if;
        if not c ? 'value' or not (jsonb_typeof(c -> 'value') = case kind_of when 'number' then 'number' else 'string' end
                                   or (c -> 'value' = 'null' and c ->> 'operator' in ('=', '!='))) then
            wrong := wrong || jsonb_build_object(at || '.value', format('must be a %s',
                case kind_of when 'number' then 'number' else 'string' end));
        elsif char_length(c ->> 'value') > 1000 then
            wrong := wrong || jsonb_build_object(at || '.value', 'must be at most 1000 characters');
        end if;
    end loop;
    return wrong;
end
$$;

create function wrong_message(of_trigger text, message jsonb) returns jsonb
language plpgsql stable as $$
declare
    placeholder text;
    wrong text[] := '{}';
begin
    if jsonb_typeof(message) <> 'string' then
        return '{"config.message": "must be a string"}';
    elsif char_length(message #>> '{}') not between 1 and 2000 then
        return '{"config.message": "must be 1 to 2000 characters"}';
    elsif message #>> '{}' ~ '[\u0001-\u0008\u000b-\u001f\u007f-\u009f]' then
        return '{"config.message": "must not contain control characters"}';
    end if;
    for placeholder in select (regexp_matches(message #>> '{}', '\{\{([^{}]*)(?:\}\}|$|\})', 'g'))[1] loop
        if not exists (select from rule_fields(of_trigger) as f where f.field = btrim(placeholder)) then
            wrong := wrong || format('{{%s}}', placeholder);
        end if;
    end loop;
    if wrong <> '{}' then
        return jsonb_build_object('config.message', format('has unknown placeholders: %s; known are: %s',
            array_to_string(wrong, ', '), (select string_agg('{{' || f.field || '}}', ', ') from rule_fields(of_trigger) as f)));
    end if;
    return '{}';
end
$$;

-- `config.to`: where `email` is among the channels.
create function wrong_addresses(config jsonb) returns jsonb
language sql stable as $$
    select case
        when jsonb_array_length(rule_addresses(config)) not between 1 and 20
            then '{"config.to": "must be an e-mail address or a list of 1 to 20"}'
        when exists (select from jsonb_array_elements(rule_addresses(config)) as a
                      where jsonb_typeof(a) <> 'string' or char_length(a #>> '{}') > 320
                         or a #>> '{}' !~ '^[^\s@<>(),;:"\\[\]\u0001-\u001f\u007f]+@[^\s@<>(),;:"\\[\]\u0001-\u001f\u007f]+$')
            then '{"config.to": "has what is no e-mail address"}'
        else '{}' end::jsonb
$$;

create function wrong_url(url jsonb) returns jsonb
language sql stable as $$
    select case when jsonb_typeof(url) is distinct from 'string' or char_length(url #>> '{}') > 2000
                  or url #>> '{}' !~* '^https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?([/?][\u0021-\u007e]*)?$'
                then '{"config.url": "must be an http or https address without user and password"}' else '{}' end::jsonb
$$;

create function wrong_notification(of_trigger text, config jsonb) returns jsonb
language plpgsql stable as $$
declare
    channels jsonb := coalesce(config -> 'channels', '["in-app"]');
    wrong jsonb := '{}';
begin
    if jsonb_typeof(channels) <> 'array' or channels = '[]' or not channels <@ '["in-app", "email", "webhook"]' then
        wrong := '{"config.channels": "must be a list of: in-app, email, webhook"}';
        channels := '[]';
    end if;
    if config ? 'message' then
        wrong := wrong || wrong_message(of_trigger, config -> 'message');
    end if;
    if channels ? 'email' or config ? 'to' then
        wrong := wrong || wrong_addresses(config);
    end if;
    if channels ? 'webhook' or config ? 'url' then
        wrong := wrong || wrong_url(config -> 'url');
    end if;
    return wrong;
end
$$;

create function wrong_config(w workflows) returns jsonb
language plpgsql stable as $$
declare
    known text[] := case w.action when 'Assign Staff' then array['userId']
                                  when 'Send Notification' then array['channels', 'to', 'url', 'message'] else '{}' end;
    wrong jsonb;
begin
    if jsonb_typeof(w.config) <> 'object' then
        return '{"config": "must be an object"}';
    end if;
    select coalesce(jsonb_object_agg('config.' || k, 'is not a known field of this action'), '{}') into wrong
      from jsonb_object_keys(w.config) as k where k <> all (known);
    if w.action = 'Send Notification' then
        return wrong || wrong_notification(w.trigger, w.config);
    elsif w.action = 'Assign Staff' and w.config ? 'userId' then
        if not exists (select from users where not deleted and active and to_jsonb(id) = w.config -> 'userId') then
            wrong := wrong || '{"config.userId": "is not an active user"}';
        end if;
    end if;
    return wrong;
end
$$;

-- Refuses a rule that could not work. Whatever leaves the house is for administrators.
create function check_workflow(me actor, w workflows) returns void
language plpgsql as $$
declare
    wrong jsonb;
begin
    if leaves_the_house(w) and me.role <> 'admin' then
        perform fail('FORBIDDEN', 'Only administrators may save rules that send mail or call webhooks.');
    end if;
    wrong := wrong_conditions(w.trigger, w.conditions) || wrong_config(w);
    if wrong <> '{}' then
        perform fail('VALIDATION_ERROR', 'The request is not valid.', wrong);
    end if;
end
$$;

create function leaves_the_house(w workflows) returns boolean
language sql immutable as $$
    select w.config -> 'channels' ?| array['email', 'webhook'] is true
$$;

-- What one should know of a rule that may be saved all the same.
create function workflow_warnings(w workflows) returns jsonb
language sql stable as $$
    select coalesce(jsonb_agg(warning), '[]')
      from (select 'Low Stock is about no order: Reduce Stock will never do anything here.' as warning
             where w.trigger = 'Low Stock' and w.action = 'Reduce Stock'
            union all
            select format('Rule %s does the same.', o.id)
              from workflows o
             where o.id is distinct from w.id and o.enabled
               and (o.trigger, o.action, o.conditions, o.config) = (w.trigger, w.action, w.conditions, w.config)
            union all
            select 'An earlier rule reduces the stock of every new order already.'
             where w.trigger = 'New Order' and w.action = 'Reduce Stock'
               and exists (select from workflows o where o.id < coalesce(w.id, 9223372036854775807) and o.enabled
                              and o.trigger = w.trigger and o.action = w.action and o.conditions = '[]'
                              and w.conditions <> '[]')) as all_of_them
$$;

create function workflow_response(q request, w workflows, answer integer default 200) returns response
language sql stable as $$
    select single(q, left(v."#json", -1) || ',"warnings":' || workflow_warnings(w) || '}', v."#etag",
                  case answer when 201 then '/api/workflows/' || v.id end, answer)
      from workflow_document v where v.id = w.id
$$;

create function workflows_read(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    w workflows;
begin
    perform authenticate(q);
    select * into w from workflows where id = q.id;
    if w.id is null then
        perform no_workflow();
    end if;
    return workflow_response(q, w);
end
$$;

-- The rule that a body describes, over the one that is there.
create function workflow_from(input jsonb, inout w workflows)
language plpgsql as $$
begin
    w.trigger := coalesce(input ->> 'trigger', w.trigger);
    w.action := coalesce(input ->> 'action', w.action);
    if input ? 'name' or w.name is null then
        w.name := coalesce(input ->> 'name', w.trigger || ' → ' || w.action);
    end if;
    w.enabled := coalesce((input ->> 'enabled')::boolean, w.enabled, true);
    w.conditions := coalesce(nullif(input -> 'conditions', 'null'), w.conditions, '[]');
    w.config := coalesce(nullif(input -> 'config', 'null'), w.config, '{}');
end
$$;

create function workflows_create(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    w workflows := workflow_from(q.input, null);
begin
    perform check_workflow(me, w);
    insert into workflows (name, trigger, action, enabled, conditions, config, created_at, updated_at)
    values (w.name, w.trigger, w.action, w.enabled, w.conditions, w.config, clock(), clock())
    returning * into w;
    return workflow_response(q, w, 201);
end
$$;

create function workflows_update(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    before workflows;
    w workflows;
begin
    select * into before from workflows where id = q.id for no key update;
    if before.id is null then
        perform no_workflow();
    end if;
    perform check_precondition(q, format('"%s"', before.version));
    w := workflow_from(q.input, before);
    if w is not distinct from before then
        return workflow_response(q, w);
    end if;
    if leaves_the_house(before) and me.role <> 'admin' then
        perform fail('FORBIDDEN', 'Only administrators may change rules that send mail or call webhooks.');
    end if;
    -- What stays as it was isn't checked again: an assignee who left doesn't keep a rule from being renamed.
    if (w.trigger, w.action, w.conditions, w.config) is distinct from (before.trigger, before.action, before.conditions, before.config) then
        perform check_workflow(me, w);
    end if;
    update workflows
       set name = w.name, trigger = w.trigger, action = w.action, enabled = w.enabled, conditions = w.conditions,
           config = w.config, version = version + 1, updated_at = clock()
     where id = q.id returning * into w;
    return workflow_response(q, w);
end
$$;

create function workflows_delete(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    w workflows;
begin
    select * into w from workflows where id = q.id for update;
    if w.id is null then
        perform no_workflow();
    end if;
    perform check_precondition(q, format('"%s"', w.version));
    if leaves_the_house(w) and me.role <> 'admin' then
        perform fail('FORBIDDEN', 'Only administrators may delete rules that send mail or call webhooks.');
    end if;
    delete from workflows where id = q.id;
    return gone();
end
$$;

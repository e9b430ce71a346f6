-- Family products.

create view product_wire as
select p.id,
       p.name,
       p.sku,
       p.category,
       p.description,
       trim_scale(i.on_hand) as stock,
       trim_scale(i.reserved) as reserved,
       trim_scale(i.available) as available,
       trim_scale(i.min_stock) as "minStock",
       p.price,
       i.on_hand < i.min_stock as "lowStock",
       p.archived,
       p.created_at as "createdAt",
       p.updated_at as "updatedAt",
       '"' || p.version || '.' || i.version || '"' as "#etag",
       i.product_id as "#inventory",
       i.on_hand as "#stock",
       i.available as "#available",
       null::bigint as "#total"
  from products p
  join inventory i on i.product_id = p.id;

select publish('product_wire');

create function select_products(q request, me actor) returns selection
language sql stable as $$
    select row('select * from product_wire where true'
            || case when flag(q, 'archived') then ' and archived' else ' and not archived' end
            || filter('(name collate "default" ilike %1$L or sku ilike %1$L)', containing(q.input ->> 'search'))
            || filter('category = %L', q.input ->> 'category')
            || case flag(q, 'lowStock') when true then ' and "lowStock"' when false then ' and not "lowStock"' else '' end,
        key, case when key ~ '^#' then '#inventory' else 'id' end,
        case key when 'name' then 'text' when 'updatedAt' then 'timestamptz' else 'numeric' end,
        coalesce(q.input ->> 'sort', '') ~ '^-')::selection
      from (select case ltrim(coalesce(q.input ->> 'sort', 'id'), '-')
                       when 'stock' then '#stock' when 'available' then '#available'
                       else ltrim(coalesce(q.input ->> 'sort', 'id'), '-') end as key) as sort
$$;

select publish_list('products', 'product_wire');

create function products_read(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    p product_wire;
begin
    perform authenticate(q);
    select * into p from product_wire where id = q.id;
    if p.id is null or (p.archived and not coalesce(flag(q, 'archived'), false)) then
        perform no_product();
    end if;
    return single(q, product_json(p), p."#etag");
end
$$;

create function no_product() returns void language sql as $$
    select fail('NOT_FOUND', 'There is no such product.')
$$;

create function product_response(q request, product_id bigint, answer integer default 200) returns response
language plpgsql stable as $$
declare
    p product_wire;
begin
    select * into p from product_wire where id = product_id;
    return single(q, product_json(p), p."#etag", case answer when 201 then '/api/products/' || p.id end, answer);
end
$$;

-- The index that holds the SKU unique is the last word; this is what the client is told.
create function sku_taken() returns void language sql as $$
    select fail('VALIDATION_ERROR', 'The request is not valid.', '{"sku": "is taken by another product"}')
$$;

create function products_create(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    new_id bigint;
begin
    insert into products (name, sku, category, description, price, archived, created_at, updated_at)
    values (q.input ->> 'name', q.input ->> 'sku', q.input ->> 'category', q.input ->> 'description',
            (q.input ->> 'price')::numeric, coalesce(flag(q, 'archived'), false), clock(), clock())
    returning id into new_id;
    perform explain_movements('Initial stock');
    insert into inventory (product_id, on_hand, min_stock)
    values (new_id, (q.input ->> 'stock')::numeric, (q.input ->> 'minStock')::numeric);
    return product_response(q, new_id, 201);
exception when unique_violation then
    perform sku_taken();
end
$$;

-- Locks what of a product changes with sales, which every change of a product goes by.
create function lock_inventory(product_id bigint) returns inventory
language sql as $$
    select * from inventory i where i.product_id = lock_inventory.product_id for no key update
$$;

-- An open order names the product: it may be neither deleted nor archived.
create function refuse_while_ordered(product_id bigint) returns void
language plpgsql as $$
begin
    if exists (select from order_lines l join orders o on o.id = l.order_id
                where l.product_id = refuse_while_ordered.product_id and o.status <> 'Completed') then
        perform fail('INVALID_OPERATION', 'An open order names this product.');
    end if;
end
$$;

create function products_update(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    i inventory := lock_inventory(q.id);
    p products;
    changed products;
    restores boolean;
    new_stock numeric := coalesce((q.input ->> 'stock')::numeric, i.on_hand);
    new_minimum numeric := coalesce((q.input ->> 'minStock')::numeric, i.min_stock);
    edited boolean;
begin
    select * into p from products where id = q.id;
    restores := p.archived and flag(q, 'archived') is false;
    if p.id is null or (p.archived and not coalesce(restores, false)) then
        perform no_product();
    end if;
    perform check_precondition(q, format('"%s.%s"', p.version, i.version), new_stock = i.on_hand);
    changed := p;
    changed.name := coalesce(q.input ->> 'name', p.name);
    changed.price := coalesce((q.input ->> 'price')::numeric, p.price);
    changed.archived := coalesce(flag(q, 'archived'), p.archived);
    if q.input ? 'sku' then changed.sku := q.input ->> 'sku'; end if;
    if q.input ? 'category' then changed.category := q.input ->> 'category'; end if;
    if q.input ? 'description' then changed.description := q.input ->> 'description'; end if;
    edited := changed is distinct from p or new_minimum <> i.min_stock;
    if not edited and new_stock = i.on_hand then
        return product_response(q, q.id);
    end if;
    -- The index would say so too, but only after the state.
    if not changed.archived and (changed.sku <> p.sku or p.sku is null or p.archived)
       and exists (select from products other where other.sku = changed.sku and not other.archived and other.id <> p.id) then
        perform sku_taken();
    end if;
    if changed.archived and not p.archived then
        perform refuse_while_ordered(q.id);
    end if;
    if new_stock < i.reserved then
        perform fail('INVALID_OPERATION', format('Open orders hold %s of this product.', trim_scale(i.reserved)));
    end if;
    if new_stock <> i.on_hand or new_minimum <> i.min_stock then
        perform explain_movements('Stocktake'), set_config('smartflow.hold', q.id::text, true);
        update inventory set on_hand = new_stock, min_stock = new_minimum,
                             version = version + (new_stock <> i.on_hand)::integer
         where product_id = q.id;
    end if;
    update products
       set name = changed.name, sku = changed.sku, category = changed.category, description = changed.description,
           price = changed.price, archived = changed.archived, version = version + edited::integer, updated_at = clock()
     where id = q.id;
    return product_response(q, q.id);
exception when unique_violation then
    perform sku_taken();
end
$$;

create function products_delete(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    i inventory := lock_inventory(q.id);
    p products;
begin
    select * into p from products where id = q.id and not archived;
    if p.id is null then
        perform no_product();
    end if;
    perform check_precondition(q, format('"%s.%s"', p.version, i.version), true);
    perform refuse_while_ordered(q.id);
    if i.ordered then
        update products set archived = true, version = version + 1, updated_at = clock() where id = q.id;
    else
        perform explain_movements('Product deleted');
        delete from inventory where product_id = q.id;
        delete from products where id = q.id;
    end if;
    return gone();
end
$$;

create view movement_wire as
select m.id,
       m.product_id as "productId",
       trim_scale(m.delta) as delta,
       trim_scale(m.balance) as balance,
       m.reason,
       m.order_id as "orderId",
       case when m.user_id is not null
            then (select row_to_json(u) from (select m.user_id as id, m.username) as u) end as "user",
       m.created_at as "createdAt",
       null::bigint as "#total"
  from movements m;

select publish('movement_wire');

create function select_products_movements(q request, me actor) returns selection
language plpgsql stable as $$
begin
    perform from products where id = q.id and (not archived or flag(q, 'archived'));
    if not found then
        perform no_product();
    end if;
    return row(format('select * from movement_wire where "productId" = %s', q.id), 'id', 'id', 'bigint', false)::selection;
end
$$;

select publish_list('products_movements', 'movement_wire');

create function products_adjust(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    i inventory := lock_inventory(q.id);
    new_stock numeric := i.on_hand + (q.input ->> 'delta')::numeric;
begin
    perform from products where id = q.id and not archived;
    if not found then
        perform no_product();
    end if;
    if new_stock < i.reserved then
        perform fail('INVALID_OPERATION', format('%s on hand, of which open orders hold %s.',
                     trim_scale(i.on_hand), trim_scale(i.reserved)));
    elsif new_stock > 9999999999.999 then
        perform fail('VALIDATION_ERROR', 'The request is not valid.', '{"delta": "would make more than 9999999999.999"}');
    end if;
    perform explain_movements(q.input ->> 'reason');
    update inventory set on_hand = new_stock, version = version + 1 where product_id = q.id;
    return (select row(201, null, format('/api/products/%s/movements', q.id), movement_json(m), false)::response
              from movement_wire m where m."productId" = q.id order by m.id desc limit 1);
end
$$;

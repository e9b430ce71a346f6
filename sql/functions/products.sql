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
language plpgsql stable as $$
begin
    return (select row('select * from product_wire where true'
            || case when flag(q, 'archived') then ' and archived' else ' and not archived' end
            || filter('(name collate "default" ilike %1$L or sku ilike %1$L)', containing(q.input ->> 'search'))
            || filter('category = %L', q.input ->> 'category')
            || case flag(q, 'lowStock') when true then ' and "lowStock"' when false then ' and not "lowStock"' else '' end,
        key, case when key ~ '^#' then '#inventory' else 'id' end,
        case key when 'name' then 'text' when 'updatedAt' then 'timestamptz' else 'numeric' end,
        coalesce(q.input ->> 'sort', '') ~ '^-')::selection
      from (select case ltrim(coalesce(q.input ->> 'sort', 'id'), '-')
                       when 'stock' then '#stock' when 'available' then '#available'
                       else ltrim(coalesce(q.input ->> 'sort', 'id'), '-') end as key) as sort);
end
$$;

select publish_list('products', 'product_wire', array['', 'id', '-id', 'name', '-name', 'price', '-price', 'stock', '-stock',
                                                     'available', '-available', 'updatedAt', '-updatedAt']);

create function products_read(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me constant actor := authenticate(q);
    body text;
    etag text;
    gone boolean;
begin
    select "#json", "#etag", archived into body, etag, gone from product_document where id = q.id;
    if body is null or (gone and not coalesce(flag(q, 'archived'), false)) then
        perform no_product();
    end if;
    return single(q, body, etag);
end
$$;

create function products_read_many(qs request[]) returns response[]
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp
set plan_cache_mode = force_generic_plan as $$
declare
    who constant actor[] := callers(qs, false);
begin
    return array(
        select case when d.id is not null and (not d.archived or flag(qs[n], 'archived')) then row(200, d."#etag", null, d."#json", false)::response end
          from generate_subscripts(qs, 1) as n
          left join lateral (select * from product_document where id = (qs[n]).id and who[n] is distinct from null offset 0) as d on true
         order by n);
end
$$;

call publish_gathered('products_read', false);

create function no_product() returns void language sql as $$
    select fail('NOT_FOUND', 'There is no such product.')
$$;

create function product_response(q request, product_id bigint, answer integer default 200) returns response
language plpgsql stable as $$
declare
    body text;
    etag text;
begin
    select "#json", "#etag" into body, etag from product_document where id = product_id;
    return single(q, body, etag, case answer when 201 then '/api/products/' || product_id end, answer);
end
$$;

-- The index that holds the SKU unique is the last word; this is what the client is told.
create function sku_taken() returns void language sql as $$
    select fail('VALIDATION_ERROR', 'The request is not valid.', '{"sku": "is taken by another product"}')
$$;

-- A product with what a body names of it; of none, a new one.
create function edited_product(p products, input jsonb) returns products
language plpgsql stable as $$
begin
    p.name := coalesce(input ->> 'name', p.name);
    p.price := coalesce((input ->> 'price')::numeric, p.price);
    p.archived := coalesce((input ->> 'archived')::boolean, p.archived, false);
    if input ? 'sku' then p.sku := input ->> 'sku'; end if;
    if input ? 'category' then p.category := input ->> 'category'; end if;
    if input ? 'description' then p.description := input ->> 'description'; end if;
    return p;
end
$$;

create function insert_product(p products, stock numeric, minimum numeric) returns bigint
language plpgsql as $$
declare
    new_id bigint;
begin
    insert into products (name, sku, category, description, price, archived, created_at, updated_at)
    values (p.name, p.sku, p.category, p.description, p.price, p.archived, clock(), clock())
    returning id into new_id;
    insert into inventory (product_id, on_hand, min_stock) values (new_id, stock, minimum);
    return new_id;
end
$$;

-- Writes both rows of a product, which the caller has locked and checked: its versions go up by what
-- differs, and one audit row says it all.
create function write_product(before products, after products, i inventory, stock numeric, minimum numeric)
returns void language plpgsql as $$
begin
    if stock <> i.on_hand or minimum <> i.min_stock then
        perform set_config('smartflow.hold', before.id::text, true);
        update inventory set on_hand = stock, min_stock = minimum, version = version + (stock <> i.on_hand)::integer
         where product_id = before.id;
    end if;
    update products
       set name = after.name, sku = after.sku, category = after.category, description = after.description,
           price = after.price, archived = after.archived, updated_at = clock(),
           version = version + (after is distinct from before or minimum <> i.min_stock)::integer
     where id = before.id;
end
$$;

create function products_create(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    me actor := writer(q);
    new_id bigint;
begin
    perform explain_movements('Initial stock');
    new_id := insert_product(edited_product(null, q.input), (q.input ->> 'stock')::numeric,
                             (q.input ->> 'minStock')::numeric);
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

-- Whether an open order names the product: it may then be neither deleted nor archived.
create function in_open_order(product_id bigint) returns boolean
language sql stable as $$
    select exists (select from order_lines l join orders o on o.id = l.order_id
                    where l.product_id = in_open_order.product_id and o.status <> 'Completed')
$$;

create function refuse_while_ordered(product_id bigint) returns void
language plpgsql as $$
begin
    if in_open_order(product_id) then
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
begin
    select * into p from products where id = q.id;
    restores := p.archived and flag(q, 'archived') is false;
    if p.id is null or (p.archived and not coalesce(restores, false)) then
        perform no_product();
    end if;
    perform check_precondition(q, format('"%s.%s"', p.version, i.version), new_stock = i.on_hand);
    changed := edited_product(p, q.input);
    if changed is not distinct from p and new_minimum = i.min_stock and new_stock = i.on_hand then
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
    perform explain_movements('Stocktake'), write_product(p, changed, i, new_stock, new_minimum);
    return product_response(q, q.id);
exception when unique_violation then
    perform sku_taken();
end
$$;

-- An order being written holds its products and waits for the inventory, which is locked here: so it goes
-- first, and the program tries again.
create function leave_to_orders(product_id bigint) returns void
language plpgsql as $$
begin
    perform from products p where p.id = leave_to_orders.product_id for update nowait;
exception when lock_not_available then
    raise serialization_failure using message = 'an order that names the product is being written';
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
        perform leave_to_orders(q.id);
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
    return (select row(201, null, format('/api/products/%s/movements', q.id), "#json", false)::response
              from movement_document m where m."productId" = q.id order by m.id desc limit 1);
end
$$;

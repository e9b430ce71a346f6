-- Products and order lines for spreadsheets: a wire view's columns are the file's, in their order.

-- Every line with its order's columns, so that a spreadsheet can filter; the total stands on the first
-- line alone, so that it can sum.
create view order_line_wire as
select o.id as "orderId",
       o.status,
       o.customer_name as "customerName",
       o.customer_email as "customerEmail",
       l.line,
       l.product_id as "productId",
       l.product_name as "productName",
       l.quantity,
       l.price,
       l.line_total as "lineTotal",
       case l.line when 1 then o.total end as "orderTotal",
       o.notes,
       o.assigned_to as "assignedTo",
       o.stock_reduced as "stockReduced",
       o.created_at as "createdAt",
       o.updated_at as "updatedAt",
       o.completed_at as "completedAt"
  from orders o cross join lateral lines_of(o.items) as l;

-- Opens the cursor `rows` over a view and answers with the file's header. The rows are fetched with the
-- family's own rights, as those of a stream (publish_list).
create function open_csv(wire text, sort text) returns response
language plpgsql as $$
declare
    rows refcursor := 'rows';
begin
    open rows no scroll for execute format('select * from %I order by %s', wire, sort);
    return (select row(200, null, null, string_agg(attname, ',' order by attnum), false)::response
              from pg_attribute where attrelid = wire::regclass and attnum > 0 and attname !~ '^#');
end
$$;

create function admin_backup_products_csv(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
begin
    perform authenticate(q);
    return open_csv('product_wire', 'id'); -- archived ones too
end
$$;

create function admin_backup_orders_csv(q request) returns response
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
begin
    perform authenticate(q);
    return open_csv('order_line_wire', '"orderId", line');
end
$$;

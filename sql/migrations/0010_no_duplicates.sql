-- An index that ends with a row's number has no equal entries that could be stored as one: looking for them whenever one of
-- its pages is full was 1 % of an order.

set local search_path = smartflow, public;

do $$
declare
    name regclass;
begin
    for name in
        select i.indexrelid
          from pg_index i
          join pg_class c on c.oid = i.indexrelid
          join pg_attribute a on a.attrelid = i.indexrelid and a.attnum = i.indnkeyatts
         where c.relnamespace = 'smartflow'::regnamespace and c.relam = (select oid from pg_am where amname = 'btree')
           and not i.indisunique and i.indnkeyatts > 1 and a.attname in ('id', 'product_id', 'order_id')
    loop
        execute format('alter index %s set (deduplicate_items = off)', name);
    end loop;
end
$$;

-- Names are sorted by bytes (collate "C"), in which only ASCII letters have cases. Searching in any
-- case goes by the database's own collation, and so must its indexes.

set local search_path = smartflow, public;

do $$
begin
    if exists (select from pg_extension where extname = 'pg_trgm') then
        drop index products_search, orders_search;
        create index products_search on products
            using gin ((name collate "default") gin_trgm_ops, sku gin_trgm_ops);
        create index orders_search on orders using gin ((customer_name collate "default") gin_trgm_ops);
    end if;
end
$$;

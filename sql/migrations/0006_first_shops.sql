-- completes 0001 f23521d7e5e2b471115fcf793bb2e9acb08b155cabfafea2a862ef1561ae39c8
-- The very first shops were made by an earlier text of 0001_shop.sql. This brings what it did otherwise
-- to what the text does today, and finds nothing to do anywhere else.

do $$
begin
    -- Deleting a product took its stock along unseen; the ledger is to say no first.
    if exists (select from pg_constraint where conname = 'inventory_product_id_fkey'
                  and conrelid = 'inventory'::regclass and confdeltype = 'c') then
        alter table inventory drop constraint inventory_product_id_fkey;
        alter table inventory add constraint inventory_product_id_fkey
            foreign key (product_id) references products;
    end if;
    -- Searching in any case goes by the database's own collation.
    if exists (select from pg_index where indexrelid = to_regclass('products_search')
                  and pg_get_indexdef(indexrelid) not like '%COLLATE "default"%') then
        drop index products_search;
        create index products_search on products
            using gin ((name collate "default") gin_trgm_ops, sku gin_trgm_ops);
        drop index orders_search;
        create index orders_search on orders using gin ((customer_name collate "default") gin_trgm_ops);
    end if;
end
$$;

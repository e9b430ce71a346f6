-- What was sold up to the end of each quarter hour: the sum of any days is then the difference of two rows,
-- however many quarter hours lie between. Kept by whoever folds (functions/06_totals.sql).

set local search_path = smartflow, public;

alter table sales
    add column orders_through bigint not null default 0,
    add column revenue_through numeric not null default 0;

update sales s
   set orders_through = t.orders, revenue_through = t.revenue
  from (select bucket, sum(orders) over (order by bucket) as orders, sum(revenue) over (order by bucket) as revenue
          from sales) as t
 where t.bucket = s.bucket;

-- What orders write, made lighter: an entry of an index costs each row as much as the row itself.

set local search_path = smartflow, public;

-- In the order of those who write them.
lock table workflow_runs, movements in access exclusive mode;

-- When the first and the last of the counted rows were written, since no index tells any more.
alter table settled_counts add column oldest timestamptz, add column newest timestamptz;
update settled_counts
   set oldest = (select min(created_at) from movements), newest = (select max(created_at) from movements)
 where table_name = 'movements';
update settled_counts
   set oldest = (select min(created_at) from workflow_runs), newest = (select max(created_at) from workflow_runs)
 where table_name = 'workflow_runs';

-- Times of rows that are only added grow with them: a block range says where to look for them.
drop index workflow_runs_at;
create index workflow_runs_at on workflow_runs using brin (created_at) with (pages_per_range = 16, autosummarize = on);
drop index movements_at;
create index movements_at on movements using brin (created_at) with (pages_per_range = 16, autosummarize = on);

-- Nothing asks the ledger by order.
drop index movements_order;

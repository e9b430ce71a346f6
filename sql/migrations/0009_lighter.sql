-- What orders write, made lighter. Times of rows that are only added grow with them: a block range says where to
-- look for them (keeping a B-tree costs each row as much as writing the row). And order_lines is made and
-- unmade by the triggers of the document it is taken from (functions/02_audit.sql), which the integrity check
-- compares with it, so that nothing is left for a foreign key to find out, line by line.

set local search_path = smartflow, public;

drop index movements_at;
create index movements_at on movements using brin (created_at) with (pages_per_range = 16, autosummarize = on);
drop index workflow_runs_at;
create index workflow_runs_at on workflow_runs using brin (created_at) with (pages_per_range = 16, autosummarize = on);

alter table order_lines drop constraint order_lines_order_id_fkey;

-- Nothing asks the ledger by order.
drop index movements_order;

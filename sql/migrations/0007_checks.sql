-- A check costs every statement that writes its table as much as an index does: PostgreSQL makes it ready
-- anew each time. What a column's type bounds already isn't checked again, nor what only triggers and
-- functions write; rows that come from a file are checked where they come in (functions/10_stage.sql).

set local search_path = smartflow, public;

alter table orders
    drop constraint orders_total_check,
    add constraint orders_total_check check (total >= 0);

alter table order_lines
    drop constraint order_lines_line_check,
    drop constraint order_lines_quantity_check,
    add constraint order_lines_quantity_check check (quantity > 0),
    drop constraint order_lines_price_check,
    add constraint order_lines_price_check check (price >= 0);

-- inventory_reserved says that what is on hand isn't less than what is reserved of it, nor that than none.
alter table inventory
    drop constraint inventory_on_hand_check,
    drop constraint inventory_min_stock_check,
    add constraint inventory_min_stock_check check (min_stock >= 0);

alter table movements
    drop constraint movements_delta_check,
    drop constraint movements_balance_check;

alter table workflow_runs drop constraint workflow_runs_outcome_check;

alter table audit_log
    drop constraint audit_log_action_check,
    drop constraint audit_log_entity_check;

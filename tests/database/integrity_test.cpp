#include "books.hpp"

#include <boost/test/unit_test.hpp>

using namespace smartflow;

namespace {

/// Orders 1 (completed), 2 (open, goods taken), 3 (open, goods reserved) of products 1 and 2;
/// product 3 is nobody's; rule 2 assigns to user 2, who has notification 1.
void fill(Books &books)
{
    books.run(R"(
        select books.ask('products_create', null, jsonb_build_object('name', 'P' || n, 'sku', 'S' || n, 'stock', 100,
            'minStock', 5, 'price', 2.5)) from generate_series(1, 3) as n;
        select books.ask('workflows_create', null, '{"trigger": "New Order", "action": "Assign Staff", "config": {"userId": 2}}');
        select books.ask('orders_create', null, format('{"customerName": "Ann", "status": "%s", "items":
            [{"productId": 1, "quantity": 2}, {"productId": 2, "quantity": 1.5}]}', status)::jsonb)
          from unnest(array['Completed', 'Pending']) as status;
        update workflows set enabled = false where id = 1;
        select books.ask('orders_create', null,
            '{"customerName": "Ann", "items": [{"productId": 1, "quantity": 4}]}');
        select fold_tallies(1000))");
    books.run("select deliver_seal(1000)");
}

struct Harm {
    const char *statement; ///< what is done behind the triggers' back
    const char *check;     ///< that finds it
    const char *ids;       ///< of the first violation that it names
};

const Harm harms[] = {
    {"update inventory set on_hand = on_hand + 1 where product_id = 3", "ledger",
     R"({"productId": 3})"},
    {"delete from movements where product_id = 3", "ledger", R"({"productId": 3})"},
    {"insert into movements (product_id, delta, balance, reason) values (77, 1, 1, 'x')", "ledger",
     R"({"productId": 77})"},
    {"update movements set balance = balance + 1 where id = 1", "ledger_balances",
     R"({"productId": 1, "movementId": 1})"},
    {"update movements set delta = delta + 1 where id = 1; update movements set delta = delta - 1 "
     "where id = (select max(id) from movements where product_id = 1)",
     "ledger_balances", R"({"productId": 1, "movementId": 1})"},
    {"update inventory set reserved = reserved - 1 where product_id = 1", "reservations",
     R"({"productId": 1})"},
    {"update orders set stock_reduced = true where id = 3", "reservations", R"({"productId": 1})"},
    {"alter table inventory drop constraint inventory_reserved; update inventory set reserved = "
     "101 "
     "where product_id = 3",
     "stock_bounds", R"({"productId": 3})"},
    {"update orders set total = total + 0.01 where id = 2", "totals", R"({"orderId": 2})"},
    {"alter table order_lines drop constraint order_lines_check; update order_lines set line_total "
     "= 7 where order_id = 2 and line = 1",
     "totals", R"({"line": 1, "orderId": 2})"},
    {"update orders set items = replace(items::text, '\"quantity\":4', '\"quantity\":5')::json "
     "where id = 3",
     "order_lines", R"({"line": 0, "orderId": 3})"},
    {"delete from order_lines where order_id = 1 and line = 1", "order_lines",
     R"({"line": 1, "orderId": 1})"},
    {"update orders set items = '{}' where id = 1", "order_lines", R"({"orderId": 1})"},
    {"delete from products where id = 2", "references",
     R"({"line": 1, "orderId": 1, "productId": 2})"},
    {"update orders set assigned_to = 99 where id = 3", "references",
     R"({"userId": 99, "orderId": 3})"},
    {"delete from orders where id = 1", "references", R"({"line": 0, "orderId": 1})"},
    {"update notifications set user_id = 99 where id = 1", "references",
     R"({"userId": 99, "notificationId": 1})"},
    {"update workflows set config = '{\"userId\": 98}' where id = 2", "references",
     R"({"ruleId": 2, "userId": 98})"},
    {"alter table orders drop constraint orders_check; update orders set completed_at = null where "
     "id = 1",
     "statuses", R"({"orderId": 1})"},
    {"alter table orders drop constraint orders_status_check; update orders set status = 'Lost' "
     "where id = 2",
     "statuses", R"({"orderId": 2})"},
    {"update inventory set ordered = false where product_id = 2", "ordered_products",
     R"({"productId": 2})"},
    {"update products set archived = true where id = 2", "archived_products",
     R"({"orderId": 2, "productId": 2})"},
    {"delete from inventory where product_id = 3", "inventory", R"({"productId": 3})"},
    {"drop index products_sku; update products set sku = 'S1' where id = 3", "skus",
     R"({"productId": 3})"},
    {"update order_totals set orders = orders + 1 where status = 'Pending'", "counters",
     R"({"status": "Pending", "counter": "orders"})"},
    {"update inventory_totals set value = value + 1", "counters", R"({"counter": "inventory"})"},
    {"insert into sales values ('2020-01-01', 0, 0, 0, 1)", "counters",
     R"({"bucket": "2020-01-01T00:00:00.000Z", "counter": "salesThrough"})"},
    {"update top_sales set revenue = 1 where product_id = 1", "counters",
     R"({"counter": "topSales", "productId": 1})"},
    {"delete from tallies; delete from orders where id = 3; delete from order_lines where order_id "
     "= 3; update inventory set reserved = 0",
     "counters", R"({"status": "Pending", "counter": "orders"})"},
    {"update open_order_counts set orders = orders + 1 where user_id = 2", "counters",
     R"({"userId": 2, "counter": "openOrders"})"},
    {"update settled_counts set rows = 5 where table_name = 'movements'", "counters",
     R"({"table": "movements", "counter": "rows"})"},
    {"select setval('orders_id_seq', 2)", "sequences", R"({"table": "orders"})"},
};

} // namespace

BOOST_AUTO_TEST_SUITE(integrity)

BOOST_AUTO_TEST_CASE(finds_and_names_each_kind_of_harm)
{
    Books books;
    fill(books);
    BOOST_TEST_REQUIRE(books.failing() == "");
    for (const Harm &harm : harms) {
        books.run(std::string("begin; set local session_replication_role = replica; ") +
                  harm.statement);
        const std::string found = books.value(
            "select string_agg(v::text, ' ') from json_array_elements(run_integrity()) as c, "
            "json_array_elements(c -> 'violations') as v where c ->> 'name' = '" +
            std::string(harm.check) + "' and v::jsonb - 'problem' - 'remedy' = '" + harm.ids + "'");
        books.run("rollback");
        BOOST_TEST_CONTEXT(harm.statement)
        {
            BOOST_TEST(found != "(null)");
            BOOST_TEST(found.find("\"remedy\": null") == std::string::npos);
        }
    }
    books.run("select setval('orders_id_seq', 3)"); // which no rollback undoes
    BOOST_TEST(books.failing() == "");
}

BOOST_AUTO_TEST_CASE(what_the_trail_says_of_a_new_order_is_all_that_it_would_say_of_a_change)
{
    Books books;
    fill(books);
    books.run("insert into orders (customer_name, customer_email, items, status, total, notes) "
              "values (E'\"}\n\\\\', 'a@b', '[]', 'Processing', 0.10, E'1\t2')");
    BOOST_TEST(books.value("select count(*) from audit_log a join orders o on o.id = a.entity_id "
                           "where a.entity = 'order' and a.action = 'create' and "
                           "a.changes::jsonb = differences(null, order_audit_fields(o))::jsonb") ==
               "4");
}

BOOST_AUTO_TEST_CASE(the_lines_of_an_order_go_with_it)
{
    Books books;
    fill(books);
    books.run("delete from orders where id = 2");
    BOOST_TEST(books.value("select string_agg(distinct order_id::text, ' ') from order_lines") ==
               "1 3");
}

BOOST_AUTO_TEST_CASE(what_it_says_to_do_about_it_helps)
{
    Books books;
    fill(books);
    for (const Harm &harm : harms) {
        if (std::string(harm.check) == "ledger" || std::string(harm.check) == "reservations" ||
            std::string(harm.check) == "ordered_products") {
            books.run(std::string("begin; set local session_replication_role = replica; ") +
                      harm.statement + "; set local session_replication_role = origin");
            const std::string remedy = books.value(
                "select string_agg(substring(v ->> 'remedy' from "
                "'(?:insert into|update) smartflow\\..*;'), ' ') "
                "from json_array_elements(run_integrity()) as c, json_array_elements(c -> "
                "'violations') as v where c ->> 'name' = '" +
                std::string(harm.check) + "'");
            books.run(remedy);
            BOOST_TEST(books.failing().find(harm.check + std::string(" ")) == std::string::npos,
                       remedy);
            books.run("rollback");
        }
    }
    books.run("update order_totals set orders = 9; delete from sales; update top_sales set revenue "
              "= 1; update open_order_counts set orders = 3; update settled_counts set rows = 3");
    BOOST_TEST(books.failing() == "counters");
    books.run("select recount()");
    BOOST_TEST(books.failing() == "");
}

BOOST_AUTO_TEST_CASE(lists_a_hundred_of_many_and_says_how_many_there_are)
{
    Books books;
    books.run("insert into products (name, price) select 'P' || n, 1 from generate_series(1, 150) "
              "as n");
    books.run("begin isolation level repeatable read");
    const std::string answer =
        books.value("select (books.ask('admin_database_integrity', null, '{}')).body");
    books.run("commit");
    AdminConnection connection = books.another();
    BOOST_TEST(connection
                   .value("select format('%s %s %s', $1::json ->> 'ok', "
                          "json_array_length(c -> 'violations'), c ->> 'violationCount') from "
                          "json_array_elements($1::json -> 'checks') as c where c ->> 'name' = "
                          "'inventory'",
                          {answer})
                   .value_or("") == "false 100 150");
    // Health says so from then on, and when that was.
    BOOST_TEST(books.value("select format('%s %s', ok, failing) from integrity_runs") ==
               "f {inventory}");
    BOOST_TEST(books.value("select format('%s %s %s', h ->> 'status', c ->> 'status', c ->> "
                           "'problems') from health_document(null) as h, json_array_elements(h "
                           "-> 'checks') as c where c ->> 'name' = 'integrity'") ==
               "degraded degraded 150");
}

BOOST_AUTO_TEST_CASE(the_same_checks_run_over_temporary_tables)
{
    Books books;
    fill(books);
    books.run(R"(
        create temporary table inventory as table smartflow.inventory;
        update pg_temp.inventory set on_hand = on_hand + 1 where product_id = 2;
        set search_path = pg_temp, smartflow_api, smartflow)");
    BOOST_TEST(books.value("select string_agg(c ->> 'name', ' ') from "
                           "json_array_elements(run_integrity(true)) as c "
                           "where not (c ->> 'ok')::boolean") == "ledger");
    BOOST_TEST(books.value("select bool_or(c ->> 'name' in ('counters', 'sequences')) from "
                           "json_array_elements(run_integrity(true)) as c") == "f");
}

BOOST_AUTO_TEST_SUITE_END()

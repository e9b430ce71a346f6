#include "books.hpp"

#include <boost/test/unit_test.hpp>

#include <future>
#include <vector>

using namespace smartflow;

namespace {

const std::string one_order =
    "select books.ask('orders_create', null, '{\"customerName\": \"Ann\", \"status\": "
    "\"Completed\", \"items\": [{\"productId\": 2, \"quantity\": 1}, "
    "{\"productId\": 1, \"quantity\": 1}]}')";

/// Two products with stock.
void stock_up(Books &books)
{
    books.run("select books.ask('products_create', null, jsonb_build_object('name', 'P' || n, "
              "'stock', 1000, 'minStock', 5, 'price', 2.5 * n)) from generate_series(1, 2) as n");
}

/// One shop for several tests, which all leave its books in order.
Books &shared_shop()
{
    static Books books;
    static const bool stocked = (stock_up(books), true);
    (void)stocked;
    return books;
}

std::string tallies(Books &books)
{
    return books.value("select count(*) from tallies");
}

/// Folds until a value is as it should be: what is under way elsewhere on the server may defer it.
bool folds_until(Books &books, const std::string &statement, const std::string &wanted)
{
    for (int n = 0; n < 600 && books.value(statement) != wanted; ++n) {
        books.run("select fold_tallies(10); select pg_sleep(0.05)");
    }
    return books.value(statement) == wanted;
}

void fold_all(Books &books)
{
    books.run("select fold_tallies(100000)");
}

} // namespace

BOOST_AUTO_TEST_SUITE(totals)

BOOST_AUTO_TEST_CASE(the_summary_is_what_counting_gives_after_any_changes)
{
    Books books;
    books.run("select setseed(0.7)");
    for (int round = 0; round < 12; ++round) {
        for (int step = 0; step < 40; ++step) {
            books.run("select books.step()");
        }
        BOOST_TEST(books.differences() == "");
    }
    BOOST_TEST(books.failing() == "");
    BOOST_TEST(books.value("select count(*) > 50 from orders") == "t");
    fold_all(books);
    BOOST_TEST(tallies(books) == "0");
    BOOST_TEST(books.differences() == "");
    // What is counted anew is what was kept.
    const std::string kept =
        "select md5(string_agg(t::text, ',' order by t)) from (select 'o' || o "
        "from order_totals o where orders <> 0 union all select 's' || s from sales s where "
        "orders <> 0 union all select 'i' || i from inventory_totals i) as t (t)";
    const std::string before = books.value(kept);
    books.run("select recount()");
    BOOST_TEST(books.value(kept) == before);
    BOOST_TEST(books.failing() == "");
    BOOST_TEST(books.differences() == "");
}

BOOST_AUTO_TEST_CASE(the_summary_is_exact_at_every_stage_of_a_fold)
{
    Books &books = shared_shop();
    books.run(one_order + ";" + one_order);
    BOOST_TEST(tallies(books) != "0");
    BOOST_TEST(books.differences() == "");
    for (int stage = 0; tallies(books) != "0"; ++stage) {
        BOOST_TEST_REQUIRE(stage < 100);
        BOOST_TEST(books.value("select fold_tallies(1)") == "1");
        BOOST_TEST(books.differences() == "");
    }
    books.run(one_order);
    AdminConnection folder = books.another();
    folder.run("begin; select fold_tallies(1000)");
    BOOST_TEST(books.differences() == "");
    BOOST_TEST(books.value("select fold_tallies(1000)") == "0"); // somebody is at it
    folder.run("rollback");
    BOOST_TEST(books.differences() == "");
    folder.run("begin; select fold_tallies(1000); commit");
    BOOST_TEST(tallies(books) == "0");
    BOOST_TEST(books.differences() == "");
}

BOOST_AUTO_TEST_CASE(nothing_is_folded_where_not_everything_is_seen)
{
    Books &books = shared_shop();
    books.run(one_order);
    books.run("begin isolation level repeatable read");
    BOOST_TEST(books.value("select fold_tallies(1000)") == "0");
    books.run("commit; begin read only");
    BOOST_TEST(books.value("select fold_tallies(1000)") == "0");
    books.run("select books.ask('admin_database_summary', null, '{}'); commit");
    BOOST_TEST(books.refused("begin isolation level repeatable read; select recount()", "0A000"));
    books.run("rollback");
}

BOOST_AUTO_TEST_CASE(nobody_waits_for_whoever_folds)
{
    Books &books = shared_shop();
    AdminConnection folder = books.another();
    folder.run("begin; select fold_tallies(1000)");
    books.run("set lock_timeout = '1s'");
    // enough for several folds to be due
    books.run("insert into orders (customer_name, items, status, total) "
              "select 'Ann', '[]', 'Pending', 0 from generate_series(1, 600)");
    books.run("update products set price = 3 where id = 1");
    BOOST_TEST(books.differences() == "");
    folder.run("commit");
    fold_all(books);
    BOOST_TEST(tallies(books) == "0");
    BOOST_TEST(books.differences() == "");
}

BOOST_AUTO_TEST_CASE(changes_at_the_same_moment_all_count)
{
    Books &books = shared_shop();
    std::vector<std::future<void>> clients;
    for (const std::string &does :
         {one_order, one_order,
          std::string("update products set price = 1 + random() * 5 where id = 2"),
          std::string("select books.ask('products_update', 1, jsonb_build_object('price', "
                      "floor(random() * 900) / 100, 'minStock', floor(random() * 2000)))"),
          std::string(
              "select books.ask('products_adjust', 1, '{\"delta\": 3, \"reason\": \"r\"}')"),
          std::string("select fold_tallies(3)")}) {
        clients.push_back(std::async(std::launch::async, [&books, does] {
            AdminConnection connection = books.another();
            for (int n = 0; n < 60; ++n) {
                connection.run(does);
            }
        }));
    }
    for (std::future<void> &client : clients) {
        client.get();
    }
    BOOST_TEST(books.differences() == "");
    fold_all(books);
    BOOST_TEST(books.differences() == "");
    BOOST_TEST(books.failing() == "");
}

BOOST_AUTO_TEST_CASE(a_price_that_changes_while_goods_move_gives_the_right_value)
{
    Books &books = shared_shop();
    // The goods first, then the price; and the other way round.
    AdminConnection other = books.another();
    books.run("begin; update inventory set on_hand = 900 where product_id = 1");
    auto priced = std::async(std::launch::async,
                             [&other] { other.run("update products set price = 4 where id = 1"); });
    books.run("select pg_sleep(0.2); commit");
    priced.get();
    BOOST_TEST(books.differences() == "");
    books.run("begin; update products set price = 5 where id = 1");
    auto moved = std::async(std::launch::async, [&other] {
        other.run("update inventory set on_hand = 800 where product_id = 1");
    });
    books.run("select pg_sleep(0.2); commit");
    moved.get();
    BOOST_TEST(books.differences() == "");
    // In a transaction that doesn't see the new price it is refused, not miscounted.
    other.run("begin isolation level repeatable read; select count(*) from products");
    books.run("update products set price = 6 where id = 1");
    BOOST_CHECK_THROW(other.run("update inventory set on_hand = 700 where product_id = 1"),
                      AdminError);
    other.run("rollback");
    BOOST_TEST(books.differences() == "");
}

BOOST_AUTO_TEST_CASE(a_bulk_of_orders_in_one_transaction_never_reads_its_own_tallies_again)
{
    Books &books = shared_shop();
    fold_all(books);
    books.run("begin; insert into orders (customer_name, items, status, total) "
              "select 'Ann', '[]', 'Pending', 0 from generate_series(1, 5000)");
    BOOST_TEST(books.value("select count(*) < 600 from tallies") == "t"); // folded as it went
    const std::string read =
        books.value("select pg_stat_get_xact_tuples_returned('tallies_pkey'::regclass)");
    BOOST_TEST(std::stoi(read) < 6 * 5000);
    books.run("commit");
    BOOST_TEST(books.differences() == "");
}

BOOST_AUTO_TEST_CASE(what_was_sold_long_ago_leaves_the_sales_of_products)
{
    Books books;
    stock_up(books);
    books.run(one_order);
    fold_all(books);
    // It grows old: moved by hand, as time would.
    books.run("update orders set completed_at = completed_at - interval '20 days'");
    fold_all(books);
    BOOST_TEST(books.differences() == "");
    books.run("update product_sales set bucket = bucket - interval '20 days' where quantity <> 0;"
              "update sales set bucket = bucket - interval '20 days' where orders <> 0;"
              "set session_replication_role = replica;"
              "update orders set completed_at = completed_at - interval '20 days';"
              "set session_replication_role = origin");
    BOOST_TEST(books.differences() == "");
    BOOST_TEST(books.value("select sum(revenue) from top_sales") == "7.50");
    fold_all(books);
    BOOST_TEST(books.value("select coalesce(sum(revenue), 0) from top_sales") == "0.00");
    BOOST_TEST(books.value("select count(*) from product_sales where quantity <> 0") == "0");
    BOOST_TEST(books.differences() == "");
    BOOST_TEST(books.failing() == "");
}

BOOST_AUTO_TEST_CASE(the_ten_best_are_found_behind_many_that_sold_well_too_long_ago)
{
    Books books;
    // 200 products that brought in much a little more than 30 days ago, 15 that bring in little
    // now.
    books.run(R"(
        insert into products (name, price) select 'P' || n, 1 from generate_series(1, 215) as n;
        insert into inventory (product_id, on_hand, min_stock) select id, 0, 0 from products;
        insert into product_sales select n, sale_bucket(now() - interval '721 hours'), 1000 + n, 1000 from generate_series(1, 200) as n;
        insert into product_sales select n, sale_bucket(now()), n % 3 + 1, 7 from generate_series(190, 215) as n;
        insert into top_sales select product_id, sum(quantity), sum(revenue) from product_sales group by 1)");
    const std::string wanted = books.value(
        "select string_agg(product_id::text, ' ') from (select product_id from product_sales "
        "where bucket > now() - interval '1 day' order by revenue desc, quantity desc, product_id "
        "limit 10) as best");
    BOOST_TEST(books.value("select string_agg(best.product_id::text, ' ') from "
                           "unnest(top_products(now() - interval '720 hours', now() + interval '1 "
                           "hour')) as best") == wanted);
}

BOOST_AUTO_TEST_CASE(rows_are_counted_exactly_past_whatever_is_still_under_way)
{
    Books books;
    const std::string notify = "insert into notifications (user_id, message) values (1, 'n')";
    const std::string kept = "select rows from kept_rows where table_name = 'notifications'";
    const std::string through =
        "select through_id from settled_counts where table_name = 'notifications'";
    // One that has been under way for long, one that began later and is numbered beyond the latest
    // that is over.
    AdminConnection early = books.another();
    early.run("begin; " + notify);
    books.run(notify);
    AdminConnection late = books.another();
    late.run("begin; " + notify);
    for (int n = 0; n < 5; ++n) {
        books.run("select fold_tallies(10)");
    }
    BOOST_TEST(books.value(through) == "0");
    BOOST_TEST(books.value(kept) == "1");
    early.run("commit");
    for (int n = 0; n < 5; ++n) {
        books.run("select fold_tallies(10)");
    }
    BOOST_TEST(books.value(kept) == "2");
    late.run("commit");
    BOOST_TEST(books.value(kept) == "3");
    books.run("begin; " + notify + "; rollback");
    BOOST_TEST(folds_until(books, through, "4"));
    BOOST_TEST(books.value(kept) == "3");
    BOOST_TEST(books.failing() == "");
}

BOOST_AUTO_TEST_CASE(a_barrier_from_another_server_is_set_anew)
{
    Books &books = shared_shop();
    books.run("insert into notifications (user_id, message) values (1, 'n')");
    books.run("update settled_counts set barrier_id = 1000000, barrier_xid = '99999999'");
    BOOST_TEST(folds_until(books,
                           "select through_id = 1 and rows = 1 from settled_counts "
                           "where table_name = 'notifications'",
                           "t"));
    BOOST_TEST(books.failing() == "");
}

BOOST_AUTO_TEST_SUITE_END()

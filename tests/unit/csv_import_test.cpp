#include "csv_import.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstring>
#include <string>

using namespace smartflow;

namespace {

CsvReader::Source source_of(const std::string &bytes)
{
    return [bytes, at = std::size_t{0}](char *buffer, std::size_t room) mutable {
        const std::size_t count = std::min(room, bytes.size() - at);
        std::memcpy(buffer, bytes.data() + at, count);
        at += count;
        return count;
    };
}

std::string shown(const Details &details)
{
    std::string text;
    for (const auto &[field, reason] : details) {
        text += (text.empty() ? "" : "; ") + field + " " + reason;
    }
    return text;
}

/// The rows: `2 {"name":"a"}`, or what is wrong besides; or why the file was refused.
std::string imported(const std::string &bytes, bool set_stock = false)
{
    std::string text;
    try {
        ProductImport file(source_of(bytes), set_stock);
        for (ImportRow row; file.next(row);) {
            text += (text.empty() ? "" : "\n") + std::to_string(row.line) + " " + row.given +
                    (row.wrong.empty() ? "" : " " + shown(row.wrong));
        }
    } catch (const Error &error) {
        BOOST_TEST((error.code() == Code::validation_error));
        return "refused: " + shown(error.details());
    }
    return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(csv_import)

BOOST_AUTO_TEST_CASE(takes_the_columns_of_an_export)
{
    BOOST_TEST(
        imported("\xEF\xBB\xBFid,name,sku,category,description,stock,reserved,available,minStock,"
                 "price,lowStock,archived,createdAt,updatedAt\r\n"
                 "7,\"a \"\"b\"\"\",'-x,,\"l1\r\nl2\",5,1,4,2.500,19.90,false,false,"
                 "2025-11-28T10:30:00.000Z,2025-11-28T10:30:00.000Z\r\n") ==
        R"(2 {"id":7,"name":"a \"b\"","sku":"-x","category":null,"description":"l1\nl2",)"
        R"("stock":5,"minStock":2.5,"price":19.9,"archived":false})");
}

BOOST_AUTO_TEST_CASE(takes_columns_in_any_order_and_case)
{
    BOOST_TEST(imported("PRICE, Name ,minstock\n1,a,2\n") ==
               R"(2 {"name":"a","minStock":2,"price":1})");
}

BOOST_AUTO_TEST_CASE(takes_decimal_commas_with_semicolons_only)
{
    BOOST_TEST(imported("sku;price\na;19,90\nb;19.90\nc;1.234,5\nd;1,2,3\n") ==
               "2 {\"sku\":\"a\",\"price\":19.9}\n"
               "3 {\"sku\":\"b\",\"price\":19.9}\n"
               "4 {\"sku\":\"c\"} price must be a number\n"
               "5 {\"sku\":\"d\"} price must be a number");
    BOOST_TEST(imported("sku,price\na,\"19,90\"\n") == "2 {\"sku\":\"a\"} price must be a number");
}

BOOST_AUTO_TEST_CASE(rounds_no_number_and_takes_none_that_was_rounded)
{
    BOOST_TEST(imported("sku,price\na,1.005\nb,1.2300\nc,1E+05\nd,1e2\ne,-1\nf,9999999999.99\n") ==
               "2 {\"sku\":\"a\"} price must have at most 2 decimal places\n"
               "3 {\"sku\":\"b\",\"price\":1.23}\n"
               "4 {\"sku\":\"c\"} price must be written out, without an exponent\n"
               "5 {\"sku\":\"d\"} price must be written out, without an exponent\n"
               "6 {\"sku\":\"e\"} price must be at least 0\n"
               "7 {\"sku\":\"f\",\"price\":9999999999.99}");
}

BOOST_AUTO_TEST_CASE(clears_optional_texts_and_nothing_else)
{
    BOOST_TEST(imported("id,name,sku,price,archived,stock\n1,,,,,\n") ==
               "2 {\"id\":1,\"sku\":null} price must not be empty; name must not be empty");
}

BOOST_AUTO_TEST_CASE(wants_a_stock_where_stocks_are_set)
{
    BOOST_TEST(imported("id,stock\n1,\n") == "2 {\"id\":1}");
    BOOST_TEST(imported("id,stock\n1,\n", true) == "2 {\"id\":1} stock must not be empty");
    BOOST_TEST(imported("id,stock\n1,x\n") == "2 {\"id\":1} stock must be a number");
}

BOOST_AUTO_TEST_CASE(reads_truth_as_spreadsheets_write_it)
{
    BOOST_TEST(imported("sku,archived\na,TRUE\nb,False\nc,FALSCH\nd,Vrai\ne,1\n") ==
               "2 {\"sku\":\"a\",\"archived\":true}\n"
               "3 {\"sku\":\"b\",\"archived\":false}\n"
               "4 {\"sku\":\"c\",\"archived\":false}\n"
               "5 {\"sku\":\"d\",\"archived\":true}\n"
               "6 {\"sku\":\"e\"} archived must be TRUE or FALSE");
}

BOOST_AUTO_TEST_CASE(goes_by_the_id)
{
    BOOST_TEST(imported("id,name\n 12 ,a\n,b\n0,c\n1.0,d\nx,e\n9223372036854775808,f\n12,\n") ==
               "2 {\"id\":12,\"name\":\"a\"}\n"
               "3 {\"name\":\"b\"}\n"
               "4 {\"name\":\"c\"} id must be a product's id, or empty for a new one\n"
               "5 {\"name\":\"d\"} id must be a product's id, or empty for a new one\n"
               "6 {\"name\":\"e\"} id must be a product's id, or empty for a new one\n"
               "7 {\"name\":\"f\"} id must be a product's id, or empty for a new one\n"
               "8 {\"id\":12} name must not be empty");
}

BOOST_AUTO_TEST_CASE(holds_texts_to_the_rules_of_the_api)
{
    BOOST_TEST(imported("name,description\n\" a\u00A0\",x\n\"a\nb\",\"a\tb\"\n" +
                        std::string(201, 'x') + ",\n") ==
               "2 {\"name\":\"a\",\"description\":\"x\"}\n"
               "3 {\"description\":\"a\\tb\"} name must not contain control characters\n"
               "5 {\"description\":null} name must be at most 200 characters");
}

BOOST_AUTO_TEST_CASE(passes_over_rows_without_any_value)
{
    BOOST_TEST(imported("sku;name\n;\n\na;b\n \t;\"\"\n") == "4 {\"name\":\"b\",\"sku\":\"a\"}");
}

BOOST_AUTO_TEST_CASE(refuses_a_header_that_it_does_not_know)
{
    BOOST_TEST(imported("") == "refused: body must have a header line");
    BOOST_TEST(imported("name,colour,,'=x\n") ==
               "refused: colour is not a known column; column 3 has "
               "no name; =x is not a known column");
    BOOST_TEST(imported("name,price,Name\n") == "refused: name must be one column, not several");
    BOOST_TEST(imported("price,stock\n") == "refused: body must have a column id, sku or name");
    BOOST_TEST(imported("name,price\n1\n") == "refused: line 2 has 1 columns, the header has 2");
}

BOOST_AUTO_TEST_CASE(escapes_a_line_for_copy)
{
    std::string line;
    append_copy_line(line, {3, R"({"name":"a\nb\\"})", {{"price", "must be a \"number\""}}});
    BOOST_TEST(line == "3\t{\"name\":\"a\\\\nb\\\\\\\\\"}\t"
                       "{\"price\":\"must be a \\\\\"number\\\\\"\"}\n");
}

BOOST_AUTO_TEST_SUITE_END()

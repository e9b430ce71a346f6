#include "error.hpp"
#include "growth.hpp"
#include "json.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

using namespace smartflow;
using namespace std::string_literals;
namespace data = boost::unit_test::data;

namespace {

/// The text read and written again, or why it is refused.
std::string rewritten(const std::string &text, std::size_t max_depth = 32)
{
    try {
        std::string out;
        append_json(out, parse_json(text, max_depth));
        return out;
    } catch (const Error &error) {
        BOOST_TEST((error.code() == Code::validation_error));
        BOOST_TEST(error.details().size() == 1U);
        BOOST_TEST(error.details()[0].first == "body");
        return "refused: " + error.details()[0].second;
    }
}

bool is_refused(const std::string &text)
{
    return rewritten(text).rfind("refused: ", 0) == 0;
}

std::string repeated(const std::string &text, std::size_t times)
{
    std::string all;
    for (std::size_t i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

std::string nested(std::size_t levels)
{
    return repeated("[", levels) + repeated("]", levels);
}

} // namespace

BOOST_AUTO_TEST_SUITE(json)

BOOST_AUTO_TEST_CASE(reads_every_kind_of_value)
{
    const Json value =
        parse_json(" { \"a\" : [ null , true , false ] , \"b\" : \"x\" , \"c\" : -1.50 } \r\n\t");
    BOOST_TEST((value.kind == Json::Kind::object));
    BOOST_TEST(value.find("a")->items.size() == 3U);
    BOOST_TEST((value.find("a")->items[0].kind == Json::Kind::null));
    BOOST_TEST(value.find("a")->items[1].truth);
    BOOST_TEST(!value.find("a")->items[2].truth);
    BOOST_TEST(value.find("b")->text == "x");
    BOOST_TEST((value.find("c")->kind == Json::Kind::number));
    BOOST_TEST(value.find("c")->text == "-1.50");
    BOOST_TEST((value.find("d") == nullptr));
}

BOOST_DATA_TEST_CASE(writes_what_it_read,
                     data::make({"null", "true", "0", "\"\"", "[]", "{}", "[[],{}]", "[1,2,3]",
                                 "{\"\":{\"a\":[]},\"b\":[{\"c\":\"d\"}]}",
                                 "\"\\\"\\\\\\b\\f\\n\\r\\t\\u001f\"",
                                 "[\"/\",\"\x7f\",\"\u00e9\U0001F600\"]", "{\"b\":1,\"a\":2}"}))
{
    BOOST_TEST(rewritten(sample) == sample);
}

BOOST_DATA_TEST_CASE(
    keeps_numbers_as_text,
    data::make({"-0", "0.0", "-0.0e-0", "1e2", "1E+2", "1e400", "-1e99999999999999999999", "1e-400",
                "1.0000", "123456789012345678901234567890", "0.1000000000000000055511151231257827",
                "9007199254740993", "0e1"}))
{
    BOOST_TEST(rewritten(sample) == sample);
    BOOST_TEST(rewritten("["s + sample + ",\"1\"," + sample + "]") ==
               "["s + sample + ",\"1\"," + sample + "]");
    BOOST_TEST(rewritten("{\"1\": "s + sample + " }") == "{\"1\":"s + sample + "}");
    BOOST_TEST((parse_json(sample).kind == Json::Kind::number));
}

BOOST_DATA_TEST_CASE(takes_digits_in_a_text_for_text,
                     data::make({R"(["12 34"])", R"(["\"1.5 22\"",33])",
                                 R"(["\\",44,"5 \\\" 6","77"])", R"({"1":"2","3 \" 4":55})"}))
{
    BOOST_TEST(rewritten(sample) == sample);
}

BOOST_AUTO_TEST_CASE(keeps_a_number_of_many_digits)
{
    const std::string digits(100'000, '7');
    BOOST_TEST(rewritten(digits) == digits);
    BOOST_TEST(rewritten("0." + digits + "e-" + digits) == "0." + digits + "e-" + digits);
}

BOOST_DATA_TEST_CASE(refuses_malformed_numbers,
                     data::make({"01",   "-01",      "-",         "--1",   "+1",    ".5",    "1.",
                                 "1.e1", "1e",       "1e+",       "1.5.5", "1e5e5", "1e5.5", "1-1",
                                 "1+1",  "0x1",      "1a",        "1 2",   "-a",    "00",    "1..2",
                                 "NaN",  "Infinity", "-Infinity", "1e+-1", "1-",    "1e1-",  "1eE2",
                                 "- 1",  "1_000",    "1\"a\""}))
{
    BOOST_TEST(is_refused(sample));
    BOOST_TEST(is_refused("["s + sample + "]"));
    BOOST_TEST(is_refused("{\"a\":"s + sample + "}"));
}

BOOST_DATA_TEST_CASE(refuses_malformed_json, data::make({"",
                                                         " ",
                                                         "[",
                                                         "]",
                                                         "{",
                                                         "}",
                                                         "[1,]",
                                                         "[,1]",
                                                         "[1 2]",
                                                         "{\"a\"}",
                                                         "{\"a\":}",
                                                         "{\"a\":1,}",
                                                         "{,}",
                                                         "{a:1}",
                                                         "{'a':1}",
                                                         "{1:1}",
                                                         "\"",
                                                         "\"a",
                                                         "\"\\",
                                                         "\"\\x\"",
                                                         "\"\\u12\"",
                                                         "\"\\u12g4\"",
                                                         "\"a\nb\"",
                                                         "\"a\tb\"",
                                                         "nul",
                                                         "nulll",
                                                         "True",
                                                         "tru",
                                                         "[}",
                                                         "{]",
                                                         "//x\n1",
                                                         "/**/1",
                                                         "[1]x",
                                                         "{}{}",
                                                         "1,",
                                                         "\"a\" \"b\"",
                                                         "\x0b"
                                                         "1",
                                                         "\u00a0"
                                                         "1",
                                                         "[\"a\":1]",
                                                         "{\"a\" 1}",
                                                         "{\"a\",1}",
                                                         "\"\\",
                                                         "\"\\u"}))
{
    BOOST_TEST(is_refused(sample));
}

BOOST_AUTO_TEST_CASE(refuses_a_nul_anywhere)
{
    BOOST_TEST(rewritten("{\"a\":1}\0{"s) == "refused: is not valid JSON: a NUL at byte 7");
    BOOST_TEST(is_refused("{}\0"s));
    BOOST_TEST(is_refused("\0{}"s));
    BOOST_TEST(is_refused("\"a\0b\""s));
    BOOST_TEST(is_refused("\"a\\u0000b\""));
    BOOST_TEST(is_refused("{\"a\\u0000\":1}"));
}

BOOST_AUTO_TEST_CASE(refuses_a_byte_order_mark)
{
    BOOST_TEST(rewritten("\ufeff{}") == "refused: is not valid JSON: a byte-order mark at byte 0");
    BOOST_TEST(is_refused("{}\ufeff"));
    BOOST_TEST(is_refused("\xFF\xFE{\0}\0"s));
    BOOST_TEST(rewritten("\"\ufeff\"") == "\"\ufeff\""); // within a text it is a character
}

BOOST_DATA_TEST_CASE(refuses_a_lone_surrogate,
                     data::make({"\"\\ud800\"", "\"\\udc00\"", "\"\\udfff\"", "\"\\ud800\\ud800\"",
                                 "\"\\ud800a\"", "\"\\ud800\\n\"", "\"\\udc00\\ud800\"",
                                 "\"\\ud800\\u0041\"", "{\"\\udead\":1}", "\"\xED\xA0\x80\"",
                                 "\"\xED\xB0\x80\"", "\"\xED\xA0\xBD\xED\xB8\x80\"",
                                 "\"\\ud83d\\ude00\\ude00\""}))
{
    BOOST_TEST(is_refused(sample));
}

BOOST_AUTO_TEST_CASE(joins_surrogate_pairs)
{
    BOOST_TEST(rewritten("\"\\ud83d\\uDE00\\u00e9\\u20AC\"") == "\"\U0001F600\u00e9\u20ac\"");
    BOOST_TEST(rewritten("\"\\uffff\\/\"") == "\"\uffff/\"");
}

BOOST_DATA_TEST_CASE(refuses_invalid_utf8,
                     data::make({"\"\x80\"", "\"\xC0\xAF\"", "\"\xFF\"", "\"\xE2\x82\"",
                                 "\"\xF4\x90\x80\x80\"", "{\"\xC3\":1}", "\"\xF0\x9F\x98", "\xE9",
                                 "\"\xE0\x80\x80\""}))
{
    BOOST_TEST(is_refused(sample));
}

BOOST_AUTO_TEST_CASE(refuses_keys_that_stand_twice)
{
    BOOST_TEST(rewritten("{\"a\":1,\"b\":2,\"a\":3}") ==
               "refused: is not valid JSON: the key \"a\" stands twice in the object that ends at "
               "byte 18");
    BOOST_TEST(is_refused("{\"a\":1,\"\\u0061\":1}"));
    BOOST_TEST(is_refused("[{\"x\":{\"a\":1,\"a\":1}}]"));
    BOOST_TEST(!is_refused("[{\"a\":1},{\"a\":1}]"));
    BOOST_TEST(!is_refused("{\"a\":{\"a\":1},\"A\":1}"));
}

BOOST_AUTO_TEST_CASE(counts_levels)
{
    BOOST_TEST(!is_refused(nested(32)));
    BOOST_TEST(rewritten(nested(33)) ==
               "refused: is not valid JSON: more than 32 levels at byte 32");
    BOOST_TEST(is_refused(repeated("{\"a\":", 33) + "1" + repeated("}", 33)));
    BOOST_TEST(!is_refused(repeated("{\"a\":", 32) + "1" + repeated("}", 32)));
    BOOST_TEST(rewritten("1", 0) == "1");
    BOOST_TEST(rewritten("[]", 0).rfind("refused: ", 0) == 0);
    BOOST_TEST(is_refused(repeated("[", 1'000'000)));
    BOOST_TEST(!is_refused("[" + repeated("[],", 1000) + "[]]")); // wide is not deep
}

BOOST_AUTO_TEST_CASE(bounds_the_number_of_values)
{
    BOOST_TEST(!is_refused("[" + repeated("0,", json_max_values - 2) + "0]"));
    BOOST_TEST(is_refused("[" + repeated("0,", json_max_values - 1) + "0]"));
    BOOST_TEST(is_refused("[" + repeated("[],", json_max_values - 1) + "0]"));
}

BOOST_AUTO_TEST_CASE(many_keys_take_no_longer_than_they_should)
{
    const auto read = [](int keys) {
        std::string text = "{\"last\":0";
        for (int i = 0; i < keys; ++i) {
            text += ",\"k" + std::to_string(i) + "\":0";
        }
        BOOST_TEST(!is_refused(text + "}"));
        BOOST_TEST(is_refused(text + ",\"k" + std::to_string(keys - 1) + "\":0}"));
    };
    BOOST_TEST(growth(20'000, read) < 10);
}

BOOST_AUTO_TEST_CASE(says_where_it_went_wrong)
{
    BOOST_TEST(rewritten("{\"a\":1 \"b\":2}") ==
               "refused: is not valid JSON: a comma or } is missing at byte 7");
    BOOST_TEST(rewritten("[1234567,") ==
               "refused: is not valid JSON: a value is missing or misspelled at byte 9");
    BOOST_TEST(rewritten("{} x") ==
               "refused: is not valid JSON: something follows the value at byte 3");
    BOOST_TEST(rewritten("") == "refused: is not valid JSON: nothing is there at byte 0");
}

BOOST_AUTO_TEST_CASE(escapes_as_postgresql_does)
{
    std::string all;
    for (char c = 1; c < 0x20; ++c) {
        all += c;
    }
    BOOST_TEST(
        json_string(all) ==
        "\"\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f"
        "\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b"
        "\\u001c\\u001d\\u001e\\u001f\"");
    BOOST_TEST(json_string("\"\\/<>&'\x7f\u2028\u0085") == "\"\\\"\\\\/<>&'\x7f\u2028\u0085\"");
}

BOOST_AUTO_TEST_SUITE_END()

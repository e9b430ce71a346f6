#include "csv.hpp"

#include "error.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

using namespace smartflow;
using namespace std::string_literals;
namespace data = boost::unit_test::data;

namespace {

using Fields = std::vector<std::string>;
using Records = std::vector<Fields>;

/// Gives the bytes in chunks of that size, so that every boundary is tried.
CsvReader::Source chunks_of(const std::string &bytes, std::size_t size)
{
    return [bytes, size, at = std::size_t{0}](char *buffer, std::size_t room) mutable {
        const std::size_t count = std::min({size, room, bytes.size() - at});
        std::memcpy(buffer, bytes.data() + at, count);
        at += count;
        return count;
    };
}

Records read(const std::string &bytes, std::size_t chunk = 1, CsvLimits limits = {})
{
    CsvReader reader(chunks_of(bytes, chunk), limits);
    Records records;
    for (CsvRecord record; reader.next(record);) {
        records.push_back(record.fields);
    }
    return records;
}

/// `line 3: ` and why.
std::string refusal(const std::string &bytes, CsvLimits limits = {})
{
    try {
        read(bytes, 1, limits);
    } catch (const Error &error) {
        BOOST_TEST((error.code() == Code::validation_error));
        BOOST_REQUIRE(error.details().size() == 1U);
        return error.details()[0].first + ": " + error.details()[0].second;
    }
    return "taken";
}

std::string shown(const Records &records)
{
    std::string text;
    for (const Fields &fields : records) {
        for (const std::string &field : fields) {
            text += "[" + field + "]";
        }
        text += "\n";
    }
    return text;
}

/// Text of the characters that matter here, some of them more than one byte long.
std::string hostile_text(std::mt19937_64 &random)
{
    static const char *const pieces[] = {
        "=",      "+",      "-",      "@",    "'", "\"",  ";",      ",",         " ",
        "\t",     "\r",     "\n",     "\r\n", "a", "12",  "é",      "",          "\uFF1D",
        "\uFF0B", "\uFF0D", "\uFF20", "'=",   "x", "\"=", "\uFEFF", "\U0001F600"};
    std::string text;
    for (std::size_t left = random() % 9; left > 0; --left) {
        text += pieces[random() % std::size(pieces)];
    }
    return text;
}

/// What a spreadsheet that separates by `separator`, and heeds quotes at a cell's start only, makes
/// of the bytes: the model of a victim.
std::vector<std::string> cells_seen(const std::string &bytes, char separator)
{
    std::vector<std::string> cells{""};
    bool quoted = false;
    bool start = true;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        const char c = bytes[at];
        if (quoted && c == '"' && at + 1 < bytes.size() && bytes[at + 1] == '"') {
            cells.back() += c;
            ++at;
        } else if (quoted) {
            quoted = c != '"';
            cells.back() += quoted ? std::string(1, c) : "";
        } else if (c == separator || c == '\n' || c == '\r') {
            cells.emplace_back();
            start = true;
            continue;
        } else if (start && c == '"') {
            quoted = true;
        } else {
            cells.back() += c;
        }
        start = false;
    }
    return cells;
}

bool runs(const std::string &cell)
{
    const std::size_t first = cell.find_first_not_of(' ');
    const std::string seen = first == std::string::npos ? "" : cell.substr(first);
    for (const char *formula : {"=", "+", "-", "@", "\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"}) {
        if (seen.rfind(formula, 0) == 0) {
            return true;
        }
    }
    return false;
}

} // namespace

BOOST_AUTO_TEST_SUITE(csv)

BOOST_AUTO_TEST_CASE(defuses_what_a_spreadsheet_would_run)
{
    const std::pair<const char *, const char *> texts[] = {
        {"", ""},
        {"=1+1", "'=1+1"},
        {"+49 30 1234", "'+49 30 1234"},
        {"-5 degrees", "'-5 degrees"},
        {"@SUM(A1)", "'@SUM(A1)"},
        {"\tx", "'\tx"},
        {"\rx", "'\rx"},
        {"\uFF1D1", "'\uFF1D1"},
        {"\uFF20x", "'\uFF20x"},
        {"a=b", "a=b"},
        {"a-b, c+d @ e", "a-b, c+d @ e"},
        {"'hello", "'hello"},
        {"'=1", "''=1"},
        {"'''-1", "''''-1"},
        {"x;=HYPERLINK(1)", "x;'=HYPERLINK(1)"},
        {"x; \"=1\"", "x; \"'=1\""},
        {"a\n=1\n-b", "a\n'=1\n'-b"},
        {"a\t@b", "a\t'@b"},
        {";'=", ";''="},
    };
    for (const auto &[text, safe] : texts) {
        BOOST_TEST(defused(text) == safe);
        BOOST_TEST(undefused(safe) == text);
    }
}

BOOST_AUTO_TEST_CASE(leaves_texts_that_it_never_defused)
{
    for (const char *text : {"'hello", "=1", "-5", "'", "''", "x;=1", "it's = 5"}) {
        BOOST_TEST(undefused(text) == text);
    }
}

BOOST_AUTO_TEST_CASE(undoes_exactly_what_it_did_whatever_the_text)
{
    std::mt19937_64 random(4180);
    for (int i = 0; i < 100'000; ++i) {
        const std::string text = hostile_text(random);
        BOOST_REQUIRE_MESSAGE(undefused(defused(text)) == text, text);
    }
}

BOOST_AUTO_TEST_CASE(no_cell_of_any_separator_is_a_formula)
{
    std::mt19937_64 random(1);
    for (int i = 0; i < 20'000; ++i) {
        CsvWriter writer(',');
        writer.plain("7");
        writer.text(hostile_text(random));
        writer.text(hostile_text(random));
        writer.plain("1.50");
        writer.end_record();
        for (const char separator : {',', ';', '\t'}) {
            for (const std::string &cell : cells_seen(writer.buffer(), separator)) {
                BOOST_REQUIRE_MESSAGE(!runs(cell), writer.buffer());
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(writes_what_spreadsheets_read)
{
    CsvWriter writer;
    for (const char *name : {"id", "name", "price"}) {
        writer.plain(name);
    }
    writer.end_record();
    writer.plain("1");
    writer.text("a \"b\", c");
    writer.plain("-19.90");
    writer.end_record();
    BOOST_TEST(writer.buffer() == "\xEF\xBB\xBFid,name,price\r\n1,\"a \"\"b\"\", c\",-19.90\r\n");
}

BOOST_AUTO_TEST_CASE(writes_a_row_by_the_kinds_of_its_columns)
{
    const std::vector<Column> columns{{"id", Column::Kind::raw},     {"name", Column::Kind::text},
                                      {"delta", Column::Kind::raw},  {"changes", Column::Kind::raw},
                                      {"at", Column::Kind::instant}, {"none", Column::Kind::text},
                                      {"#etag", Column::Kind::text}};
    CsvWriter writer;
    writer.buffer().clear();
    writer.record(
        {&columns,
         {"1", "-x", "-2.5", R"({"a":"x;=1"})", "2025-11-28 10:30:00.12+00", nullptr, "e"}});
    BOOST_TEST(writer.buffer() ==
               "1,'-x,-2.5,\"{\"\"a\"\":\"\"x;'=1\"\"}\",2025-11-28T10:30:00.120Z,\r\n");
}

BOOST_DATA_TEST_CASE(reads_what_it_wrote, data::make({',', ';'}))
{
    std::mt19937_64 random(42);
    for (int i = 0; i < 2'000; ++i) {
        Records records(1 + random() % 4, Fields(1 + random() % 4));
        CsvWriter writer(sample);
        for (Fields &fields : records) {
            for (std::string &field : fields) {
                field = &fields == &records[0] ? "h" : hostile_text(random);
                writer.text(field);
            }
            writer.end_record();
        }
        for (const std::size_t chunk : {1U, 2U, 3U, 1000U}) {
            Records again = read(writer.buffer(), chunk);
            for (Fields &fields : again) {
                std::transform(fields.begin(), fields.end(), fields.begin(), undefused);
            }
            BOOST_REQUIRE_MESSAGE(again == records, writer.buffer());
        }
    }
}

BOOST_AUTO_TEST_CASE(reads_commas_and_semicolons_marks_and_line_ends)
{
    const Records expected{{"a", "b"}, {"1", "2"}};
    for (const char *bytes :
         {"a,b\n1,2\n", "a;b\r\n1;2", "\xEF\xBB\xBF\"a\",b\n1,2", "a;b\n\n1;2\r\n\r\n"}) {
        BOOST_TEST((read(bytes) == expected), bytes);
    }
    BOOST_TEST(shown(read("\"a,b\";c\n\"1\n2\"\"\";,\n")) == "[a,b][c]\n[1\n2\"][,]\n");
    BOOST_TEST(shown(read("a\n\"\"\n")) == "[a]\n[]\n");
    BOOST_TEST(shown(read("a,b\n,")) == "[a][b]\n[][]\n");
    // Without a separator in the header there is but one column, of a file of commas.
    BOOST_TEST(shown(read("a\nx;y\n\"\"")) == "[a]\n[x;y]\n[]\n");
    BOOST_TEST(read("").empty());
    BOOST_TEST(read("\xEF\xBB\xBF").empty());
    BOOST_TEST(read("\r\n\n").empty());
}

BOOST_AUTO_TEST_CASE(says_on_which_line_a_record_starts)
{
    CsvReader reader(chunks_of("\n a,b\n1,\"x\r\ny\n\"\r\n\n2,z", 2));
    CsvRecord record;
    std::vector<std::size_t> lines;
    while (reader.next(record)) {
        lines.push_back(record.line);
    }
    BOOST_TEST((lines == std::vector<std::size_t>{2, 3, 7}));
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_csv_and_names_the_line)
{
    BOOST_TEST(refusal("a,b\n1\n") == "line 2: has 1 columns, the header has 2");
    BOOST_TEST(refusal("a,b\n\n1,2,3") == "line 3: has 3 columns, the header has 2");
    BOOST_TEST(refusal("a\nx\"y\n") ==
               "line 2: has a quote within a field that doesn't begin with one");
    BOOST_TEST(refusal("a\n\"x\" \n") == "line 2: has text behind a closing quote");
    BOOST_TEST(refusal("a\nb\n\"x\ny") == "line 3: has a quote that nothing closes");
    BOOST_TEST(refusal("a\rb\n") == "line 1: has a carriage return without a newline");
    BOOST_TEST(refusal("a\r") == "line 1: has a carriage return without a newline");
    BOOST_TEST(refusal("a\nx\0y\n"s) == "line 2: contains a NUL byte");
    BOOST_TEST(refusal("a\n\"\0\"\n"s) == "line 2: contains a NUL byte");
    BOOST_TEST(refusal("a\nM\xFCller\n") ==
               "line 2: is not valid UTF-8: save the file as CSV in UTF-8");
    BOOST_TEST(refusal("\xFF\xFE"s + "a\0"s).rfind("line 1: ", 0) == 0U); // UTF-16
}

BOOST_AUTO_TEST_CASE(refuses_what_is_beyond_its_limits)
{
    const CsvLimits limits{4, 7, 3};
    BOOST_TEST(refusal("a,b\n1234,1\n", limits) == "taken");
    BOOST_TEST(refusal("a,b\n12345,1\n", limits) == "line 2: has a field of more than 4 bytes");
    BOOST_TEST(refusal("a,b\n1234,123\n", limits) == "line 2: has more than 7 bytes");
    BOOST_TEST(refusal("a,b,c,d\n", limits) == "line 1: has more than 3 columns");
    BOOST_TEST(refusal("a\n\"12345", limits) == "line 2: has a field of more than 4 bytes");
}

BOOST_AUTO_TEST_SUITE_END()

#include "audit_chain.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <stdexcept>

using namespace smartflow;

namespace {

using Rows = std::vector<std::string>;

/// Five rows of the local chain, and three of segment 7 in between.
Rows trail()
{
    return {R"({"id":1,"changes":{"a":[1,"],{"]},"origin":null})",
            R"({"id":2,"origin":null})",
            R"({"id":2,"origin":7})",
            R"({"id":4,"changes":{",\"origin\":9}":1},"origin":null})",
            R"({"id":3,"origin":7})",
            R"({"id":5,"origin":null})",
            R"({"id":9,"origin":7})",
            R"({"id":6,"origin":null})"};
}

/// What a chain of these rows comes to, as far as they go.
ChainEnd end_of(const Rows &rows, std::int64_t origin, std::int64_t through)
{
    AuditChain chain;
    for (const std::string &text : rows) {
        const AuditRow row = read_audit_row(text);
        if (row.origin == origin && row.id <= through) {
            chain.add(row.digest);
        }
    }
    return {origin, through, chain.rows(), chain.head()};
}

std::vector<ChainEnd> heads()
{
    return {end_of(trail(), 0, 5), end_of(trail(), 7, 9)};
}

AuditReport checked(const Rows &rows, const std::vector<ChainEnd> &stated = heads(),
                    const std::string &kept = "")
{
    AuditCheck check(stated, kept);
    for (const std::string &row : rows) {
        check.add(read_audit_row(row));
    }
    return check.report();
}

bool holds(const Rows &rows, const std::string &kept = "")
{
    return checked(rows, heads(), kept).problems.empty();
}

/// The elements of an array, or why it is none.
std::string elements(const std::string &file)
{
    std::string found;
    std::size_t at = 0;
    const ByteSource source = [&](char *into, std::size_t) { // byte by byte
        return at == file.size() ? 0 : file.copy(into, 1, at++);
    };
    try {
        read_array(source,
                   [&](std::string_view element) { found += "<" + std::string(element) + ">"; });
    } catch (const std::runtime_error &) {
        return "refused";
    }
    return found;
}

} // namespace

BOOST_AUTO_TEST_SUITE(audit_chain)

BOOST_AUTO_TEST_CASE(goes_on_from_head_to_head)
{
    AuditChain chain;
    BOOST_TEST(chain.head() == std::string(64, '0'));
    chain.add(read_audit_row(R"({"id":1,"action":"login","origin":null})").digest);
    BOOST_TEST(chain.head() == "75cb93775a9f3366feb32929c9e7d6fe69c32e7a36756f0fdf2284bb756fb0e1");
    chain.add(read_audit_row(R"({"id":3,"action":"logout","origin":12})").digest);
    BOOST_TEST(chain.head() == "db63f2285629276ce0c6c3d6af5284f72586a9bf00ce38001f51192e09875ddc");
    BOOST_TEST(chain.rows() == 2);
}

BOOST_AUTO_TEST_CASE(reads_where_a_row_belongs)
{
    const AuditRow row = read_audit_row(R"({"id":17,"changes":{"x":",\"origin\":3}"},"origin":4})");
    BOOST_TEST(row.id == 17);
    BOOST_TEST(row.origin == 4);
    for (const char *text :
         {"", "{", "null", R"({"id":1})", R"({"id":"1","origin":null})", R"({"id":1,"origin":null)",
          R"({ "id":1,"origin":null})", R"({"id":1,"origin":0})", R"({"id":-1,"origin":null})",
          R"({"id":1,"origin": 3})"}) {
        BOOST_CHECK_THROW(read_audit_row(text), std::runtime_error);
    }
}

BOOST_AUTO_TEST_CASE(agrees_with_a_trail_that_nobody_touched)
{
    const AuditReport report = checked(trail());
    BOOST_TEST(report.problems.empty());
    BOOST_TEST(report.sealed == 7);
    BOOST_TEST(report.unsealed == 1);
}

BOOST_AUTO_TEST_CASE(finds_each_row_that_was_altered_removed_or_doubled)
{
    for (std::size_t at = 0; at + 1 < trail().size(); ++at) {
        Rows altered = trail();
        altered[at].insert(altered[at].rfind(",\"origin"), ",\"x\":1");
        BOOST_TEST(!holds(altered), altered[at]);
        Rows removed = trail();
        removed.erase(removed.begin() + static_cast<std::ptrdiff_t>(at));
        BOOST_TEST(!holds(removed), trail()[at]);
        Rows doubled = trail();
        doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(at), trail()[at]);
        BOOST_TEST(!holds(doubled), trail()[at]);
    }
}

BOOST_AUTO_TEST_CASE(finds_a_row_that_was_slipped_in_or_moved)
{
    Rows slipped_in = trail();
    slipped_in.insert(slipped_in.begin() + 3, R"({"id":3,"origin":null})");
    BOOST_TEST(!holds(slipped_in));
    Rows moved = trail();
    std::swap(moved[0], moved[1]);
    BOOST_TEST(!holds(moved));
    Rows unsealed_moved = trail();
    std::swap(unsealed_moved[5], unsealed_moved[7]);
    BOOST_TEST(!holds(unsealed_moved));
    Rows to_another_chain = trail();
    to_another_chain[2] = R"({"id":2,"origin":8})";
    BOOST_TEST(!holds(to_another_chain));
}

BOOST_AUTO_TEST_CASE(finds_a_trail_that_was_cut_short)
{
    BOOST_TEST(!holds({}));
    const Rows rows = trail();
    BOOST_TEST(!holds(Rows(rows.begin(), rows.begin() + 5)));
}

BOOST_AUTO_TEST_CASE(holds_a_recomputed_chain_against_a_head_that_was_kept)
{
    const std::string kept = end_of(trail(), 0, 2).hash;
    BOOST_TEST(holds(trail(), kept));
    BOOST_TEST(holds(trail(), end_of(trail(), 0, 6).hash));
    BOOST_TEST(!holds(trail(), std::string(64, 'a')));
    Rows rewritten = trail();
    rewritten[0] = R"({"id":1,"origin":null})";
    const std::vector<ChainEnd> recomputed = {end_of(rewritten, 0, 5), end_of(rewritten, 7, 9)};
    BOOST_TEST(checked(rewritten, recomputed).problems.empty());
    BOOST_TEST(!checked(rewritten, recomputed, kept).problems.empty());
}

BOOST_AUTO_TEST_CASE(takes_a_kept_head_alone_for_a_list)
{
    const AuditReport report = checked(trail(), {}, end_of(trail(), 0, 4).hash);
    BOOST_TEST(report.problems.empty());
    BOOST_TEST(report.sealed == 3);
    BOOST_TEST(report.unsealed == 5);
    BOOST_TEST(!checked(trail(), {}, std::string(64, 'a')).problems.empty());
}

BOOST_AUTO_TEST_CASE(reads_the_heads_of_an_export)
{
    const auto ends = read_audit_head(
        R"({"through":9,"rows":8,"hash":"ab","segments":[{"origin":3,"through":0,"rows":0,"hash":"cd"}]})");
    BOOST_TEST_REQUIRE(ends.size() == 2);
    BOOST_TEST(ends[0].origin == 0);
    BOOST_TEST(ends[0].through == 9);
    BOOST_TEST(ends[0].rows == 8);
    BOOST_TEST(ends[0].hash == "ab");
    BOOST_TEST(ends[1].origin == 3);
    BOOST_TEST(ends[1].hash == "cd");
    for (const char *none : {"{}", "[]", R"({"through":1,"rows":1})", R"({"rows":1,"hash":""})",
                             R"({"through":-1,"rows":1,"hash":""})"}) {
        BOOST_CHECK_THROW(read_audit_head(none), std::runtime_error);
    }
}

BOOST_AUTO_TEST_CASE(takes_an_array_apart_byte_by_byte)
{
    BOOST_TEST(elements("[]") == "");
    BOOST_TEST(elements(" [ ]\n") == "");
    BOOST_TEST(elements(R"([{"a":1},{"b" : [2,{"c":"]},\"{\\"}]}])") ==
               R"(<{"a":1}><{"b" : [2,{"c":"]},\"{\\"}]}>)");
    BOOST_TEST(elements("[ 1 , \"x,y\"\n]\n") == "<1><\"x,y\">");
    for (const char *none : {"", "{}", "[", "[1", "[1,", "[1,]", "[,1]", "[1]]", "[1] 2", "[{]",
                             "[\"a]", "[\"a\\\"]"}) {
        BOOST_TEST(elements(none) == "refused", none);
    }
}

BOOST_AUTO_TEST_SUITE_END()

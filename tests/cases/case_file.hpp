#ifndef SMARTFLOW_TESTS_CASE_FILE_HPP
#define SMARTFLOW_TESTS_CASE_FILE_HPP

#include "http.hpp"

#include <string>
#include <vector>

namespace smartflow {

// A .case file, line by line:
//
//   # a comment
//   == refuses an order beyond the stock       a scenario: requests in order, in a fresh shop
//   POST /api/products                         a request; its body may follow on the same line
//   Idempotency-Key: a-b-c                     headers of the request, before or after its body
//   {"name": "Tea", "stock": 5,                the body, as it stands
//    "minStock": 0, "price": 2}
//   201                                        the expected status; the body's pattern may follow
//   Location: /api/products/{{tea}}            an expected header; {{tea}} captures its first value
//   no Link                                    a header that isn't there
//   {"id": "{{tea}}", "stock": 5}              a pattern of the body (json_difference, pattern.hpp)
//
// Instead of a pattern, `exactly TEXT` is the whole body (a template: `*` and {{name}}), `empty` an
// empty one. `raw TEXT` is a request's body with the escapes \xHH, \n, \r, \t and \\.
//
//   as staff                                   who sends what follows: admin (at first), staff,
//                                              reader (admin's read-only token), nobody, {{token}}
//   PAGES /api/products?limit=2                follows the links to the next page to the end; what
//                                              is expected is all pages' elements in one array
//   by the web server                          the next answer's body need not be the same in all
//                                              ways: nginx may answer itself, or it tells the time
//   sql update smartflow.workflows set …       a statement of the database's superuser, and what
//   = 1                                        its single value is
//
//   not under apache: it answers TRACE itself  the next request isn't sent to that web server
//                                              ($TEST_SERVER), for the reason given; several names
//                                              by comma
//
// {{é*200}} is 200 times é, everywhere. The first users are admin (id 1) and staff (id 2); their
// secrets are {{admin_secret}}, {{staff_secret}} and {{reader_secret}}, their {{password}} the
// same.

/// A line of a scenario with what belongs to it.
struct Step {
    enum class Kind { request, pages, sql, as };
    enum class Body { any, pattern, exactly, empty };

    Kind kind = Kind::request;
    int line = 0;
    std::string text; ///< of SQL; who, of `as`
    std::string method;
    std::string target;
    Headers headers;
    std::string body;
    bool own_answer = false; ///< the web server may answer this itself
    std::string not_under;   ///< names of web servers that this isn't sent to, by comma
    int status = 0;
    Headers expected_headers;
    std::vector<std::string> absent_headers;
    Body expected_body = Body::any;
    std::string pattern;
    bool has_value = false; ///< SQL: whether `pattern` is what its value must be
};

/// Requests that belong together, in a shop of their own.
struct Scenario {
    std::string name;
    int line = 0;
    std::vector<Step> steps;
};

/// Reads a .case file's text.
/// \throws std::runtime_error naming the line that makes no sense
std::vector<Scenario> parse_cases(const std::string &text);

} // namespace smartflow

#endif

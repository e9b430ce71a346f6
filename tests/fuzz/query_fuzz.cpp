// Whatever the query string: the canonical output and the error body are JSON, and known names are
// all that comes through. The same bytes as a body, where they are one, keep the same promises.

#include "error.hpp"
#include "json.hpp"
#include "rules.hpp"
#include "text.hpp"

#include <cstdint>
#include <cstdlib>

using namespace smartflow;

namespace {

constexpr const char *states[] = {"a", "b c"};

constexpr Rule item[] = {
    {"n", Type::id, required}, {"q", Type::positive}, {"r", Type::any, read_only}};

constexpr Rule rules[] = {
    {"t", Type::text, optional, 1, 5},
    {"l", Type::long_text, not_null, 0, 9},
    {"e", Type::email},
    {"s", Type::secret, optional, 1, 4},
    {"m", Type::money},
    {"q", Type::quantity},
    {"p", Type::positive},
    {"d", Type::delta},
    {"i", Type::integer, optional, 1, 1000},
    {"n", Type::id},
    {"b", Type::boolean},
    {"c", Type::choice, optional, 0, 0, states},
    {"z", Type::instant},
    {"f", Type::moment},
    {"a", Type::any},
    {"x", Type::list, optional, 1, 3, {}, item},
    {"r", Type::text, read_only},
};

void must(bool promise)
{
    if (!promise) {
        std::abort();
    }
}

void check(const std::string &out, const Details &wrong)
{
    const Json json = parse_json(out, 33); // the body's own 32 levels hold Type::any
    must(json.kind == Json::Kind::object);
    for (const auto &member : json.members) {
        bool known = false;
        for (const Rule &rule : rules) {
            known = known || (member.first == rule.name && (rule.flags & read_only) == 0);
        }
        must(known);
    }
    for (const auto &[name, reason] : wrong) {
        must(!reason.empty());
    }
    parse_json(error_body("VALIDATION_ERROR", "m", wrong, "t"));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const std::string_view bytes(reinterpret_cast<const char *>(data), size);
    Details wrong;
    check(checked_query(bytes, rules, wrong), wrong);
    Json body;
    try {
        body = parse_json(bytes);
    } catch (const Error &) {
        return 0;
    }
    for (const Mode mode : {Mode::create, Mode::change}) {
        Details wrong_fields;
        const std::string out = checked_body(body, rules, mode, wrong_fields);
        check(out, wrong_fields);
        if (wrong_fields.empty()) {
            // What was canonical once stays as it is.
            must(checked_body(parse_json(out, 33), rules, mode, wrong_fields) == out);
            must(wrong_fields.empty());
        }
    }
    return 0;
}

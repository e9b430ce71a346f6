// What parse_json accepts keeps its promises, and append_json writes what reads the same again.

#include "error.hpp"
#include "json.hpp"
#include "text.hpp"

#include <cstdint>
#include <cstdlib>
#include <set>

using namespace smartflow;

namespace {

void must(bool promise)
{
    if (!promise) {
        std::abort();
    }
}

bool is_clean(const std::string &text)
{
    return is_utf8(text) && text.find('\0') == std::string::npos;
}

void check(const Json &value, std::size_t levels_left)
{
    const bool nests = value.kind == Json::Kind::array || value.kind == Json::Kind::object;
    must(!nests || levels_left > 0);
    must(is_clean(value.text));
    for (const Json &item : value.items) {
        check(item, levels_left - 1);
    }
    std::set<std::string> keys;
    for (const auto &[key, member] : value.members) {
        must(is_clean(key) && keys.insert(key).second);
        check(member, levels_left - 1);
    }
}

bool equal(const Json &a, const Json &b)
{
    if (a.kind != b.kind || a.truth != b.truth || a.text != b.text ||
        a.items.size() != b.items.size() || a.members.size() != b.members.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.items.size(); ++i) {
        if (!equal(a.items[i], b.items[i])) {
            return false;
        }
    }
    for (std::size_t i = 0; i < a.members.size(); ++i) {
        if (a.members[i].first != b.members[i].first ||
            !equal(a.members[i].second, b.members[i].second)) {
            return false;
        }
    }
    return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const std::string_view bytes(reinterpret_cast<const char *>(data), size);
    Json value;
    try {
        value = parse_json(bytes);
    } catch (const Error &error) {
        must(error.code() == Code::validation_error && error.details().size() == 1);
        must(is_utf8(error.details()[0].second)); // it quotes a key
        return 0;
    }
    check(value, 32);
    std::string once;
    append_json(once, value);
    // Without white space and escapes there is but one way to write it, numbers included.
    must(bytes.find_first_of(" \t\r\n\\") != std::string_view::npos || once == bytes);
    const Json again = parse_json(once); // throws, and so fails, when it isn't JSON
    must(equal(value, again));
    std::string twice;
    append_json(twice, again);
    must(once == twice);
    return 0;
}

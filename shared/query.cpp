#include "rules.hpp"

#include "text.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace smartflow {

namespace {

using Kind = Json::Kind;

/// Whether an empty text stands for no value at all.
bool empty_is_null(Type type)
{
    return type == Type::text || type == Type::long_text || type == Type::email;
}

/// The text of a query parameter as the JSON value that its rule wants; a text where it is none,
/// which the rule's check then refuses.
Json typed(std::string text, Type type)
{
    Json value;
    value.kind = Kind::string;
    const std::size_t sign = !text.empty() && text[0] == '-' ? 1 : 0;
    const bool plain = text.size() > sign &&
                       text.find_first_not_of("0123456789", sign) == std::string::npos &&
                       (text[sign] != '0' || text == "0");
    switch (type) {
        case Type::integer:
        case Type::id: value.kind = plain ? Kind::number : Kind::string; break;
        case Type::money:
        case Type::quantity:
        case Type::positive:
        case Type::delta: value.kind = Kind::number; break; // exact_decimal knows the grammar
        case Type::boolean:
            value.truth = text == "true";
            value.kind = value.truth || text == "false" ? Kind::boolean : Kind::string;
            break;
        default: break;
    }
    value.text = std::move(text);
    return value;
}

/// Collects the parameters of a query string, whatever their order.
class Parameters
{
public:
    Parameters(Span<Rule> rules, Details &wrong) : rules_(rules), wrong_(wrong)
    {
        object_.kind = Kind::object;
    }

    void take(std::string_view piece)
    {
        const std::size_t equals = piece.find('=');
        const std::optional<std::string> name = percent_decoded(piece.substr(0, equals), true);
        if (!name || !is_utf8(*name) || name->find('\0') != std::string::npos) {
            add_wrong("query", "has a parameter whose name can't be read");
            return;
        }
        const Rule *rule = rule_of(*name);
        if (rule == nullptr) {
            add_wrong(*name, "is not a known parameter");
        } else if (!seen_.insert(*name).second) {
            add_wrong(*name, "must be given only once");
        } else {
            take_value(*rule, equals == std::string_view::npos ? "" : piece.substr(equals + 1));
        }
    }

    const Json &object() const { return object_; }
    /// Whether take() has refused the parameter already.
    bool is_wrong(const std::string &name) const { return wrong_names_.count(name) != 0; }

private:
    const Rule *rule_of(std::string_view name) const
    {
        for (const Rule &rule : rules_) {
            if (name == rule.name) {
                return &rule;
            }
        }
        return nullptr;
    }

    void take_value(const Rule &rule, std::string_view escaped)
    {
        std::optional<std::string> text = percent_decoded(escaped, true);
        if (!text) {
            add_wrong(rule.name, "has a broken percent escape");
        } else if (!is_utf8(*text)) {
            add_wrong(rule.name, "must be valid UTF-8");
        } else if (text->find('\0') != std::string::npos) {
            add_wrong(rule.name, "must not contain control characters");
        } else if (!trimmed(*text).empty() || !empty_is_null(rule.type) ||
                   (rule.flags & required) != 0) {
            object_.members.emplace_back(rule.name, typed(std::move(*text), rule.type));
        }
    }

    /// One reason a name is enough, however often it is wrong.
    void add_wrong(const std::string &name, const char *reason)
    {
        if (wrong_names_.insert(name).second) {
            wrong_.emplace_back(name, reason);
        }
    }

    Span<Rule> rules_;
    Details &wrong_;
    Json object_;
    std::set<std::string> seen_;
    std::set<std::string> wrong_names_;
};

} // namespace

std::string checked_query(std::string_view query, Span<Rule> rules, Details &wrong)
{
    Parameters parameters(rules, wrong);
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        if (end > 0) {
            parameters.take(query.substr(0, end));
        }
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    Details found;
    std::string out = checked_body(parameters.object(), rules, Mode::create, found);
    for (auto &[name, reason] : found) {
        if (!parameters.is_wrong(name)) {
            wrong.emplace_back(std::move(name), std::move(reason));
        }
    }
    return out;
}

} // namespace smartflow

#include "rules.hpp"

#include "decimal.hpp"
#include "text.hpp"

#include <charconv>
#include <optional>

namespace smartflow {

namespace {

using Kind = Json::Kind;

std::string bound(const char *words, std::int64_t number, const char *unit)
{
    return words + std::to_string(number) + unit + (number == 1 || *unit == '\0' ? "" : "s");
}

/// Checks one value against one rule. `json` is what goes to SQL; where `reason` is set instead,
/// the value is wrong.
class Value
{
public:
    Value(const Rule &rule, const Json &value) : rule_(rule), value_(value) { check(); }

    std::string json;
    std::string reason;

private:
    void check()
    {
        if (value_.kind == Kind::null) {
            take_null();
            return;
        }
        switch (rule_.type) {
            case Type::text: check_text(Lines::one); break;
            case Type::long_text: check_text(Lines::many); break;
            case Type::email: check_email(); break;
            case Type::secret: check_secret(); break;
            case Type::money: check_decimal(money_bounds); break;
            case Type::quantity: check_decimal(quantity_bounds); break;
            case Type::positive: check_decimal(positive_quantity_bounds); break;
            case Type::delta: check_decimal(delta_bounds); break;
            case Type::integer: check_integer(rule_.min, rule_.max); break;
            case Type::id: check_integer(1, INT64_MAX); break;
            case Type::boolean: check_boolean(); break;
            case Type::choice: check_choice(); break;
            case Type::instant: check_instant(false); break;
            case Type::moment: check_instant(true); break;
            case Type::list: // Fields has the list itself
            case Type::any: append_json(json, value_); break;
        }
    }

    void take_null()
    {
        if (is_set(rule_, required) || is_set(rule_, not_null)) {
            reason = "must not be null";
        } else {
            json = "null";
        }
    }

    bool is_string()
    {
        if (value_.kind != Kind::string) {
            reason = "must be a string";
        }
        return reason.empty();
    }

    /// The trimmed text when it is one, without control characters.
    std::optional<std::string> clean_text(Lines lines)
    {
        return is_string() ? cleaned(value_.text, lines, reason) : std::nullopt;
    }

    void check_length(std::string_view text)
    {
        const auto length = static_cast<std::int64_t>(code_points(text));
        const bool must_have = is_set(rule_, required) || is_set(rule_, not_null);
        if (length == 0 && must_have) {
            reason = "must not be empty";
        } else if (length < rule_.min) {
            reason = bound("must be at least ", rule_.min, " character");
        } else if (rule_.max > 0 && length > rule_.max) {
            reason = bound("must be at most ", rule_.max, " character");
        }
    }

    void check_text(Lines lines)
    {
        const std::optional<std::string> text = clean_text(lines);
        if (!text) {
            return;
        }
        if (text->empty() && !is_set(rule_, required) && !is_set(rule_, not_null)) {
            json = "null";
            return;
        }
        check_length(*text);
        append_json_string(json, *text);
    }

    void check_email()
    {
        check_text(Lines::one);
        if (!reason.empty() || json == "null") {
            return;
        }
        const std::string_view address = trimmed(value_.text);
        // Liberal on purpose: only the mail system knows which addresses it has.
        const std::size_t at = address.find('@', 1);
        if (address[0] == '@' || at >= address.size() - 1 || has_white_space(address)) {
            reason = "must be an e-mail address";
        }
    }

    void check_secret()
    {
        if (is_string()) {
            check_length(value_.text);
            append_json_string(json, value_.text);
        }
    }

    void check_decimal(const DecimalBounds &bounds)
    {
        if (value_.kind != Kind::number) {
            reason = "must be a number";
            return;
        }
        json = exact_decimal(value_.text, bounds, reason);
    }

    void check_integer(std::int64_t min, std::int64_t max)
    {
        if (value_.kind != Kind::number) {
            reason = "must be a whole number";
            return;
        }
        const bool unbounded = min == 0 && max == 0;
        const std::int64_t low = unbounded ? INT64_MIN : min;
        const std::int64_t high = unbounded || (max == 0 && min > 0) ? INT64_MAX : max;
        constexpr DecimalBounds whole{0, 19, true, true};
        json = exact_decimal(value_.text, whole, reason);
        if (reason == "must be a whole number") {
            return;
        }
        reason.clear(); // beyond 19 digits: the rule's own bounds say it better
        std::int64_t number = 0;
        const auto parsed = std::from_chars(json.data(), json.data() + json.size(), number);
        const bool fits = !json.empty() && parsed.ec == std::errc();
        const bool negative = value_.text[0] == '-';
        if ((!fits && negative) || (fits && number < low)) {
            reason = bound("must be at least ", low, "");
        } else if (!fits || number > high) {
            reason = bound("must be at most ", high, "");
        }
    }

    void check_boolean()
    {
        if (value_.kind != Kind::boolean) {
            reason = "must be true or false";
            return;
        }
        json = value_.truth ? "true" : "false";
    }

    void check_choice()
    {
        if (!is_string()) {
            return;
        }
        const std::string_view text = trimmed(value_.text);
        reason = "must be one of: ";
        for (const char *choice : rule_.choices) {
            if (text == choice) {
                reason.clear();
                append_json_string(json, text);
                return;
            }
            reason += choice;
            reason += choice == *(rule_.choices.end() - 1) ? "" : ", ";
        }
    }

    void check_instant(bool or_date)
    {
        if (!is_string()) {
            return;
        }
        const std::string_view text = trimmed(value_.text);
        if (or_date && is_date(text)) {
            append_json_string(json, text);
        } else if (const std::optional<std::string> instant = utc_instant(text)) {
            append_json_string(json, *instant);
        } else {
            reason = or_date ? "must be a date or a date and time, like 2025-11-28 or "
                               "2025-11-28T10:30:00Z"
                             : "must be a date and time, like 2025-11-28T10:30:00Z";
        }
    }

    const Rule &rule_;
    const Json &value_;
};

/// Checks the fields of objects and writes the canonical ones.
class Fields
{
public:
    explicit Fields(Details &wrong) : wrong_(wrong) {}

    /// \param path what stands before a field's name: nothing, or `items[1].`
    void check(const Json &object, Span<Rule> rules, Mode mode, const std::string &path,
               std::string &out)
    {
        const char *separator = "";
        out += '{';
        for (const Rule &rule : rules) {
            if (is_set(rule, read_only)) {
                continue;
            }
            const Json *value = object.find(rule.name);
            if (value == nullptr) {
                if (is_set(rule, required) && mode == Mode::create) {
                    wrong_.emplace_back(path + rule.name, "is required");
                }
                continue;
            }
            std::string json;
            if (check_field(rule, *value, path + rule.name, json)) {
                out += separator;
                append_json_string(out, rule.name);
                out += ':';
                out += json;
                separator = ",";
            }
        }
        out += '}';
        name_unknown(object, rules, path);
    }

private:
    /// \returns whether the field is right; if not, wrong_ says why
    bool check_field(const Rule &rule, const Json &value, const std::string &name,
                     std::string &json)
    {
        if (rule.type == Type::list && value.kind != Kind::null) {
            return check_list(rule, value, name, json);
        }
        Value checked(rule, value);
        if (!checked.reason.empty()) {
            wrong_.emplace_back(name, std::move(checked.reason));
            return false;
        }
        json = std::move(checked.json);
        return true;
    }

    bool check_list(const Rule &rule, const Json &value, const std::string &name, std::string &json)
    {
        const auto count = static_cast<std::int64_t>(value.items.size());
        std::string reason;
        if (value.kind != Kind::array) {
            reason = "must be a list";
        } else if (count == 0 && rule.min == 1) {
            reason = "must not be empty";
        } else if (count < rule.min) {
            reason = bound("must have at least ", rule.min, " item");
        } else if (rule.max > 0 && count > rule.max) {
            reason = bound("must have at most ", rule.max, " item");
        }
        if (!reason.empty()) {
            wrong_.emplace_back(name, std::move(reason));
            return false;
        }
        const std::size_t wrong_before = wrong_.size();
        json += '[';
        for (std::size_t i = 0; i < value.items.size(); ++i) {
            const std::string item = name + "[" + std::to_string(i) + "]";
            json += i == 0 ? "" : ",";
            if (value.items[i].kind == Kind::object) {
                // An element is always a whole one, also in a PATCH.
                check(value.items[i], rule.fields, Mode::create, item + ".", json);
            } else {
                wrong_.emplace_back(item, "must be an object");
            }
        }
        json += ']';
        return wrong_.size() == wrong_before;
    }

    void name_unknown(const Json &object, Span<Rule> rules, const std::string &path)
    {
        for (const auto &member : object.members) {
            bool known = false;
            for (const Rule &rule : rules) {
                known = known || member.first == rule.name;
            }
            if (!known) {
                wrong_.emplace_back(path + member.first, "is not a known field");
            }
        }
    }

    Details &wrong_;
};

} // namespace

std::string checked_body(const Json &body, Span<Rule> rules, Mode mode, Details &wrong)
{
    if (body.kind != Kind::object) {
        wrong.emplace_back("body", "must be a JSON object");
        return "{}";
    }
    std::string out;
    Fields(wrong).check(body, rules, mode, "", out);
    return out;
}

} // namespace smartflow

#include "csv_import.hpp"

#include "json_build.hpp"
#include "product_rules.hpp"
#include "text.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace smartflow {

namespace {

std::string lower(std::string_view text)
{
    std::string small(text);
    std::transform(small.begin(), small.end(), small.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return small;
}

bool is_named(const Rule &rule, std::string_view name)
{
    return name == rule.name;
}

/// The field that a column's header names, in any case.
const Rule *rule_of(std::string_view header)
{
    const std::string name = lower(header);
    const auto found = std::find_if(std::begin(product_rules), std::end(product_rules),
                                    [&](const Rule &rule) { return lower(rule.name) == name; });
    return found == std::end(product_rules) ? nullptr : found;
}

/// Truth as spreadsheets write it, in the languages of those whose lists have semicolons too.
std::optional<bool> truth_of(std::string_view cell)
{
    constexpr const char *yes[] = {"true", "wahr",       "vrai", "verdadero",
                                   "vero", "verdadeiro", "waar"};
    constexpr const char *no[] = {"false", "falsch", "faux", "falso", "onwaar"};
    const std::string word = lower(cell);
    const auto is_word = [&](const char *other) { return word == other; };
    if (std::any_of(std::begin(yes), std::end(yes), is_word)) {
        return true;
    }
    return std::any_of(std::begin(no), std::end(no), is_word) ? std::optional(false) : std::nullopt;
}

/// The cell as a JSON value for the rule; nothing, and a reason, when it can't be one.
std::optional<Json> value_of(const Rule &rule, std::string_view cell, char separator,
                             std::string &reason)
{
    if (rule.type == Type::boolean) {
        const std::optional<bool> truth = truth_of(cell);
        reason = truth ? "" : "must be TRUE or FALSE";
        return truth ? std::optional(make_truth(*truth)) : std::nullopt;
    }
    if (rule.type != Type::quantity && rule.type != Type::money) {
        return make_text(undefused(cell));
    }
    if (cell.empty()) {
        reason = "must not be empty";
        return std::nullopt;
    }
    // A spreadsheet writes a long number so when it has dropped digits.
    if (std::isdigit(static_cast<unsigned char>(cell.back())) != 0 &&
        cell.find_first_of("eE") != std::string_view::npos) {
        reason = "must be written out, without an exponent";
        return std::nullopt;
    }
    std::string number(cell);
    if (separator == ';' && number.find('.') == std::string::npos &&
        std::count(number.begin(), number.end(), ',') == 1) {
        number[number.find(',')] = '.';
    }
    return make_number(number);
}

} // namespace

ProductImport::ProductImport(CsvReader::Source source, bool set_stock)
    : reader_(std::move(source)), set_stock_(set_stock)
{
    read_header();
}

void ProductImport::read_header()
{
    if (!reader_.next(record_)) {
        throw validation_error({{"body", "must have a header line"}});
    }
    Details wrong;
    for (std::size_t i = 0; i < record_.fields.size(); ++i) {
        const std::string name = undefused(trimmed(record_.fields[i]));
        const Rule *rule = rule_of(name);
        if (rule == nullptr) {
            wrong.emplace_back(name.empty() ? "column " + std::to_string(i + 1) : name,
                               name.empty() ? "has no name" : "is not a known column");
        } else if (std::find(columns_.begin(), columns_.end(), rule) != columns_.end()) {
            wrong.emplace_back(rule->name, "must be one column, not several");
        }
        columns_.push_back(rule);
    }
    const bool has_key = std::any_of(columns_.begin(), columns_.end(), [](const Rule *rule) {
        return rule != nullptr &&
               (is_named(*rule, "id") || is_named(*rule, "sku") || is_named(*rule, "name"));
    });
    if (!has_key && wrong.empty()) {
        wrong.emplace_back("body", "must have a column id, sku or name");
    }
    if (!wrong.empty()) {
        throw validation_error(std::move(wrong));
    }
}

bool ProductImport::next(ImportRow &row)
{
    do { // a spreadsheet may save rows that were only formatted, or emptied
        if (!reader_.next(record_)) {
            return false;
        }
    } while (std::all_of(record_.fields.begin(), record_.fields.end(),
                         [](const std::string &cell) { return trimmed(cell).empty(); }));
    if (++rows_ > import_max_rows) {
        throw validation_error(
            {{"body", "must have at most " + std::to_string(import_max_rows) + " rows"}});
    }
    row.line = record_.line;
    row.wrong.clear();
    check(row);
    return true;
}

void ProductImport::check(ImportRow &row) const
{
    Json body = make_object();
    std::string id;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const Rule &rule = *columns_[i];
        const std::string_view cell = trimmed(record_.fields[i]);
        if (is_named(rule, "id")) {
            id = cell;
            if (!id.empty() && !positive_integer(id)) {
                row.wrong.emplace_back(rule.name, "must be a product's id, or empty for a new one");
                id.clear();
            }
            continue;
        }
        const bool says_nothing = cell.empty() && (is_named(rule, "archived") ||
                                                   (is_named(rule, "stock") && !set_stock_));
        if ((rule.flags & read_only) != 0 || says_nothing) {
            continue;
        }
        std::string reason;
        std::optional<Json> value = value_of(rule, cell, reader_.separator(), reason);
        if (value) {
            body.members.emplace_back(rule.name, std::move(*value));
        } else {
            row.wrong.emplace_back(rule.name, std::move(reason));
        }
    }
    row.given = checked_body(body, product_rules, Mode::change, row.wrong);
    if (!id.empty()) {
        row.given.insert(1, "\"id\":" + id + (row.given.size() > 2 ? "," : ""));
    }
}

void append_copy_line(std::string &out, const ImportRow &row)
{
    const auto append_escaped = [&out](const std::string &json) {
        for (const char c : json) { // JSON holds no newline or tab of its own
            out += c == '\\' ? "\\" : "";
            out += c;
        }
    };
    out += std::to_string(row.line) + '\t';
    append_escaped(row.given);
    std::string wrong = "{";
    for (const auto &[column, reason] : row.wrong) {
        wrong += (wrong.size() > 1 ? "," : "") + json_string(column) + ":" + json_string(reason);
    }
    out += '\t';
    append_escaped(wrong + "}");
    out += '\n';
}

} // namespace smartflow

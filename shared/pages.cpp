#include "pages.hpp"

#include "decimal.hpp"
#include "json.hpp"
#include "secrets.hpp"
#include "text.hpp"

#include <algorithm>
#include <cstring>

namespace smartflow {

namespace {

constexpr std::size_t buffer_bytes = 64UL * 1024;
constexpr std::size_t first_bytes = 16UL * 1024; ///< room that most pages don't outgrow

/// What a column's values look like in a cursor; every other sort is by number.
constexpr std::string_view text_sorts[] = {"name", "customerName"};
constexpr std::string_view instant_sorts[] = {"createdAt", "updatedAt"};

template <typename List>
bool has(const List &list, std::string_view name)
{
    return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

/// The value as it stands in JSON, without quotes.
std::string plain(const Column &column, const char *value)
{
    return column.kind == Column::Kind::instant ? rfc3339(value) : std::string(value);
}

/// A cursor's sort value, checked as strictly as if a stranger had made it up; a number is put into
/// plain decimal.
bool is_sort_value(std::string_view sort, std::string &value)
{
    std::string reason;
    if (has(text_sorts, sort)) {
        return value.size() <= 4000;
    }
    if (has(instant_sorts, sort)) {
        return utc_instant(value).has_value();
    }
    constexpr DecimalBounds any_number{3, 10, true, true};
    Json number;
    try {
        number = parse_json("[" + value + "]");
    } catch (const Error &) {
        return false;
    }
    if (number.items.size() != 1 || number.items[0].kind != Json::Kind::number) {
        return false;
    }
    value = exact_decimal(number.items[0].text, any_number, reason);
    return !value.empty();
}

bool read_cursor(const std::string &cursor, const Page &page, std::string &input)
{
    std::string bytes;
    if (!base64url_decoded(cursor, bytes)) {
        return false;
    }
    Json parts;
    try {
        parts = parse_json(bytes);
    } catch (const Error &) {
        return false;
    }
    if (parts.kind != Json::Kind::array || parts.items.size() != 3 ||
        std::any_of(parts.items.begin(), parts.items.end(),
                    [](const Json &part) { return part.kind != Json::Kind::string; })) {
        return false;
    }
    const std::string &id = parts.items[1].text;
    std::string &value = parts.items[2].text;
    if (parts.items[0].text != page.scope || !positive_integer(id)) {
        return false;
    }
    if (page.sort != "id") {
        if (!is_sort_value(page.sort, value)) {
            return false;
        }
        append_member(input, "after", json_string(value));
    }
    append_member(input, "afterId", id);
    return true;
}

} // namespace

Page read_page(std::string_view path, std::string_view raw_query, std::string &input,
               Details &wrong)
{
    Page page{std::string(path), std::string(raw_query), {}, "id", {}, false};
    const Json given = parse_json(input);
    std::string cursor;
    std::string rest = "{}";
    std::string scope(path);
    for (const auto &[name, value] : given.members) {
        std::string json;
        append_json(json, value);
        if (name == "cursor") {
            cursor = value.text;
            continue;
        }
        if (name == "limit") {
            page.limit = positive_integer(value.text);
        } else if (name != "count") {
            scope.append("\n").append(name).append("=").append(json);
        }
        if (name == "format") {
            page.csv = value.text == "csv";
        }
        if (name == "sort") {
            page.sort = value.text.substr(value.text.front() == '-' ? 1 : 0);
        }
        append_member(rest, name, json);
    }
    page.scope = token_digest(scope).substr(0, 16);
    if (!cursor.empty() && !read_cursor(cursor, page, rest)) {
        wrong.emplace_back("cursor",
                           "is not a cursor of this list with this sort and these filters");
    }
    input = std::move(rest);
    return page;
}

void append_row(std::string &out, const Row &row)
{
    const auto &columns = *row.columns;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].kind == Column::Kind::row) {
            out += row.values[i];
            return;
        }
    }
    char separator = '{';
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const Column &column = columns[i];
        if (column.member.empty()) {
            continue;
        }
        out += separator;
        separator = ',';
        out += column.member;
        const char *value = row.values[i];
        if (value == nullptr) {
            out += "null";
        } else if (column.kind == Column::Kind::raw) {
            out += value;
        } else if (column.kind == Column::Kind::instant) {
            out += '"';
            append_rfc3339(out, value);
            out += '"';
        } else {
            append_json_string(out, value);
        }
    }
    out += '}';
}

ListWriter::ListWriter(const Page &page, Response head, Output &output, bool empty)
    : page_(page), head_(std::move(head)), output_(output), empty_(empty)
{
    if (page.csv) {
        csv_.emplace();
    } else {
        head_.body.reserve(first_bytes);
        head_.body = "[";
    }
}

bool ListWriter::take(const Row &row)
{
    const auto &columns = *row.columns;
    begin_csv(row);
    if (row.values.empty()) {
        return true;
    }
    if (columns.back().name == "#total" && row.values.back() != nullptr) {
        head_.headers.emplace_back("X-Total-Count", row.values.back());
        return true;
    }
    if (empty_ && !page_.limit) {
        return false;
    }
    if (page_.limit && rows_ == *page_.limit) {
        more_ = true;
        return true;
    }
    remember(row);
    append(row);
    return page_.limit || head_.body.size() < buffer_bytes || flush();
}

/// The names of the columns, from the first row that tells them; a count alone doesn't.
void ListWriter::begin_csv(const Row &row)
{
    if (!csv_ || csv_begun_ || row.columns->size() == 1) {
        return;
    }
    csv_begun_ = true;
    for (const Column &column : *row.columns) {
        if (column.name.front() != '#') {
            csv_->plain(column.name);
        }
    }
    csv_->end_record();
    head_.body += csv_->buffer();
    csv_->buffer().clear();
}

void ListWriter::append(const Row &row)
{
    const bool first = rows_++ == 0;
    if (csv_) {
        csv_->record(row);
        head_.body += csv_->buffer();
        csv_->buffer().clear();
    } else {
        head_.body += first ? "" : ",";
        append_row(head_.body, row);
    }
}

/// Where the next page begins: what its last row says.
void ListWriter::remember(const Row &row)
{
    if (!page_.limit || rows_ + 1 < *page_.limit) {
        return;
    }
    const auto &columns = *row.columns;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        // Where "id" doesn't tell all rows apart, "#id", which stands behind it, does.
        if (row.values[i] != nullptr && (columns[i].name == "id" || columns[i].name == "#id")) {
            last_id_ = row.values[i];
        }
        if (row.values[i] != nullptr && columns[i].name == page_.sort) {
            last_key_ = plain(columns[i], row.values[i]);
        }
    }
}

std::string ListWriter::next_link() const
{
    std::string link = "<" + page_.path + "?";
    std::string_view query = page_.query;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view piece = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (!piece.empty() && percent_decoded(piece.substr(0, piece.find('=')), true) != "cursor") {
            for (const char c :
                 piece) { // what a URI can't hold (RFC 3986) would end the link early
                const bool plain = c > ' ' && c < '\x7F' && c != '<' && c != '>' && c != '"';
                link += plain ? std::string(1, c) : percent_encoded(std::string(1, c));
            }
            link += '&';
        }
    }
    const std::string cursor = "[" + json_string(page_.scope) + "," + json_string(last_id_) + "," +
                               json_string(last_key_) + "]";
    return link + "cursor=" + base64url(cursor) + ">; rel=\"next\"";
}

bool ListWriter::flush()
{
    if (!started_) {
        started_ = true;
        Response head{head_.status, head_.headers, {}};
        output_.start(head);
    }
    bytes_ += head_.body.size();
    const bool listening = output_.write(head_.body);
    head_.body.clear();
    return listening;
}

std::size_t ListWriter::finish()
{
    head_.body += csv_ ? "" : "]";
    if (more_) {
        head_.headers.emplace_back("Link", next_link());
    }
    if (empty_ && !page_.limit) { // nobody has counted the bytes of them all
        output_.start(head_);
        output_.finish();
        return 0;
    }
    if (!started_) {
        bytes_ = head_.body.size();
        output_.send(head_);
    } else {
        flush();
        output_.finish();
    }
    return bytes_;
}

} // namespace smartflow

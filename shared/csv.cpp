#include "csv.hpp"

#include "error.hpp"
#include "text.hpp"

#include <algorithm>

namespace smartflow {

namespace {

constexpr std::size_t chunk_bytes = std::size_t{64} * 1024;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// What may stand before a formula in a cell without making it text for sure: spaces, quotes that a
/// spreadsheet takes for the field's own, and apostrophes, ours among them.
constexpr std::string_view transparent = " \"'";

/// Whether a character that begins a formula stands there.
bool begins_formula(std::string_view rest)
{
    constexpr std::string_view narrow = "=+-@\t\r";
    constexpr std::string_view wide[] = {"\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"};
    return !rest.empty() &&
           (narrow.find(rest[0]) != std::string_view::npos ||
            std::any_of(std::begin(wide), std::end(wide), [&](std::string_view character) {
                return rest.substr(0, character.size()) == character;
            }));
}

/// Calls `visit` with the place of every character that would begin a formula, in order. An
/// apostrophe before one of them changes nothing about which they are, so that it can be undone.
template <typename Visit>
void each_formula(std::string_view text, const Visit &visit)
{
    const auto ends_cell = [](char c) { return c == ';' || c == '\t' || c == '\r' || c == '\n'; };
    for (std::size_t at = 0; at < text.size();
         ++at) { // once a cell, behind what ended the last one
        at = std::min(text.find_first_not_of(transparent, at), text.size());
        if (begins_formula(text.substr(at))) {
            visit(at);
        }
        const auto *from = text.begin() + at;
        at = static_cast<std::size_t>(std::find_if(from, text.end(), ends_cell) - text.begin());
    }
}

/// Whether a field needs quotes, for a reader of commas or of semicolons, and one that trims.
bool needs_quotes(std::string_view field)
{
    return field.find_first_of(",;\"\t\r\n") != std::string_view::npos ||
           (!field.empty() && (field.front() == ' ' || field.back() == ' '));
}

/// The value as a spreadsheet takes it: an instant as in JSON, a number as it is; JSON that is more
/// than that is text.
bool is_text(const Column &column, std::string_view value)
{
    return column.kind == Column::Kind::text ||
           (column.kind == Column::Kind::raw && !value.empty() &&
            std::string_view("{[\"").find(value[0]) != std::string_view::npos);
}

} // namespace

std::string defused(std::string_view text)
{
    std::string safe;
    std::size_t copied = 0;
    each_formula(text, [&](std::size_t at) {
        safe += text.substr(copied, at - copied);
        safe += '\'';
        copied = at;
    });
    safe += text.substr(copied);
    return safe;
}

std::string undefused(std::string_view text)
{
    std::string original;
    std::size_t copied = 0;
    each_formula(text, [&](std::size_t at) {
        if (at > 0 && text[at - 1] == '\'') {
            original += text.substr(copied, at - 1 - copied);
            copied = at;
        }
    });
    original += text.substr(copied);
    return original;
}

CsvWriter::CsvWriter(char separator) : separator_(separator), buffer_(byte_order_mark) {}

void CsvWriter::text(std::string_view text)
{
    plain(defused(text));
}

void CsvWriter::plain(std::string_view value)
{
    if (fields_++ > 0) {
        buffer_ += separator_;
    }
    if (!needs_quotes(value)) {
        buffer_ += value;
        return;
    }
    buffer_ += '"';
    for (const char c : value) {
        buffer_ += c == '"' ? "\"" : "";
        buffer_ += c;
    }
    buffer_ += '"';
}

void CsvWriter::end_record()
{
    const bool bare = buffer_.empty() || buffer_.back() == '\n' || buffer_ == byte_order_mark;
    if (fields_ == 1 && bare) { // an empty line would be none
        buffer_ += "\"\"";
    }
    buffer_ += "\r\n";
    fields_ = 0;
}

void CsvWriter::record(const Row &row)
{
    const auto &columns = *row.columns;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].name.front() == '#') {
            continue;
        }
        const std::string_view value = row.values[i] == nullptr ? "" : row.values[i];
        if (is_text(columns[i], value)) {
            text(value);
        } else {
            plain(columns[i].kind == Column::Kind::instant && !value.empty() ? rfc3339(value)
                                                                             : std::string(value));
        }
    }
    end_record();
}

CsvReader::CsvReader(Source source, CsvLimits limits) : source_(std::move(source)), limits_(limits)
{
    buffer_.resize(chunk_bytes);
}

void CsvReader::refuse(const CsvRecord &record, const std::string &reason)
{
    throw validation_error({{"line " + std::to_string(record.line), reason}});
}

bool CsvReader::fill()
{
    at_ = 0;
    end_ = source_(buffer_.data(), buffer_.size());
    return end_ > 0;
}

void CsvReader::skip_byte_order_mark()
{
    begun_ = true;
    while (end_ < byte_order_mark.size()) {
        const std::size_t more = source_(buffer_.data() + end_, buffer_.size() - end_);
        if (more == 0) {
            break;
        }
        end_ += more;
    }
    if (buffer_.compare(0, byte_order_mark.size(), byte_order_mark) == 0) {
        at_ = byte_order_mark.size();
    }
}

bool CsvReader::next(CsvRecord &record)
{
    if (!begun_) {
        skip_byte_order_mark();
    }
    record.fields.clear();
    record.line = line_;
    state_ = State::start;
    record_bytes_ = 0;
    quoted_ = false;
    while (at_ < end_ || fill()) {
        take_run(record);
        if (at_ < end_ && take(buffer_[at_++], record)) {
            return true;
        }
    }
    switch (state_) {
        case State::quoted: refuse(record, "has a quote that nothing closes");
        case State::carriage_return: refuse(record, "has a carriage return without a newline");
        default: return record_bytes_ > 0 && end_record(record);
    }
}

/// Takes what comes next and means nothing but itself, all at once.
void CsvReader::take_run(const CsvRecord &record)
{
    const auto ends = [this](char c) {
        return c == '"' || c == '\n' || c == '\0' ||
               (state_ == State::plain && (c == ',' || c == ';' || c == '\r'));
    };
    if (state_ == State::plain || state_ == State::quoted) {
        const std::string_view rest = std::string_view(buffer_).substr(at_, end_ - at_);
        const std::string_view run =
            rest.substr(0, static_cast<std::size_t>(std::find_if(rest.begin(), rest.end(), ends) -
                                                    rest.begin()));
        append(run, record);
        at_ += run.size();
    }
}

/// \returns whether a record is complete
bool CsvReader::take(char c, CsvRecord &record)
{
    if (c == '\0') {
        refuse(record, "contains a NUL byte");
    }
    line_ += c == '\n' ? 1 : 0;
    switch (state_) {
        case State::quoted:
            if (c == '"') {
                state_ = State::quote;
            } else {
                append({&c, 1}, record);
            }
            return false;
        case State::quote: // the field's end, or the first of two that stand for one
            if (c == '"') {
                append({&c, 1}, record);
                state_ = State::quoted;
                return false;
            }
            break;
        case State::carriage_return:
            if (c != '\n') {
                refuse(record, "has a carriage return without a newline");
            }
            return end_record(record);
        default: break;
    }
    if (c == '\n') {
        return end_record(record);
    }
    take_outside(c, record);
    return false;
}

/// What stands outside of quotes and ends no line.
void CsvReader::take_outside(char c, CsvRecord &record)
{
    if (c == '\r') {
        state_ = State::carriage_return;
    } else if (separates(c)) {
        ++record_bytes_;
        end_field(record);
        state_ = State::start;
    } else if (state_ == State::quote) {
        refuse(record, "has text behind a closing quote");
    } else if (c != '"') {
        append({&c, 1}, record);
        state_ = State::plain;
    } else if (state_ == State::start) {
        ++record_bytes_;
        quoted_ = true;
        state_ = State::quoted;
    } else {
        refuse(record, "has a quote within a field that doesn't begin with one");
    }
}

void CsvReader::append(std::string_view bytes, const CsvRecord &record)
{
    field_ += bytes;
    if (field_.size() > limits_.field) {
        refuse(record, "has a field of more than " + std::to_string(limits_.field) + " bytes");
    }
    record_bytes_ += bytes.size();
    if (record_bytes_ > limits_.record) {
        refuse(record, "has more than " + std::to_string(limits_.record) + " bytes");
    }
}

/// Until the header has shown which it is, either separates.
bool CsvReader::separates(char c) noexcept
{
    if (separator_ == '\0' && (c == ',' || c == ';')) {
        separator_ = c;
    }
    return c == separator_;
}

void CsvReader::end_field(CsvRecord &record)
{
    if (!is_utf8(field_)) {
        refuse(record, "is not valid UTF-8: save the file as CSV in UTF-8");
    }
    record.fields.push_back(std::move(field_));
    field_.clear();
    if (record.fields.size() > limits_.columns) {
        refuse(record, "has more than " + std::to_string(limits_.columns) + " columns");
    }
}

/// \returns whether it is a record: an empty line is none
bool CsvReader::end_record(CsvRecord &record)
{
    state_ = State::start;
    if (record.fields.empty() && field_.empty() && !quoted_) {
        record.line = line_;
        return false;
    }
    end_field(record);
    if (columns_ == 0) {
        columns_ = record.fields.size();
        separator_ = separator();
    }
    if (record.fields.size() != columns_) {
        refuse(record, "has " + std::to_string(record.fields.size()) + " columns, the header has " +
                           std::to_string(columns_));
    }
    return true;
}

} // namespace smartflow

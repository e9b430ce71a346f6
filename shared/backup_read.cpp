#include "backup_read.hpp"

#include "backup_export.hpp"
#include "error.hpp"
#include "text.hpp"

#include <algorithm>

namespace smartflow {

namespace {

constexpr std::size_t read_part_bytes = 256UL * 1024;
constexpr std::size_t longest_row =
    32UL * 1024 * 1024; ///< bytes; the largest order has some 100 KB

/// Follows a JSON value from its first byte to its end, byte by byte.
class ValueScanner
{
public:
    /// \returns whether the byte still belongs to the value
    bool takes(char c)
    {
        if (in_string_) {
            if (escaped_) {
                escaped_ = false;
            } else if (c == '\\') {
                escaped_ = true;
            } else if (c == '"') {
                in_string_ = false;
                ended_ = depth_ == 0;
            }
            return true;
        }
        if (ended_) {
            return false;
        }
        switch (c) {
            case '"': in_string_ = true; return true;
            case '{':
            case '[': ++depth_; return true;
            case '}':
            case ']':
                if (depth_ == 0) {
                    return false; // of what the value stands in
                }
                ended_ = --depth_ == 0;
                return true;
            default: return depth_ > 0 || (c != ',' && !is_json_space(c));
        }
    }

    /// Whether the value is over without another byte.
    bool ended() const noexcept { return ended_; }

private:
    std::size_t depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
    bool ended_ = false;
};

} // namespace

const std::vector<std::string> &backup_section_names()
{
    static const std::vector<std::string> names = {"users",     "products", "orders",
                                                   "workflows", "runs",     "notifications",
                                                   "movements", "auditLogs"};
    return names;
}

std::vector<std::string_view> member_texts(std::string_view object)
{
    std::vector<std::string_view> texts;
    std::size_t at = 1; // behind the brace
    const auto skip = [&] {
        while (at < object.size() &&
               (is_json_space(object[at]) || object[at] == ',' || object[at] == ':')) {
            ++at;
        }
    };
    const auto next = [&] {
        skip();
        const std::size_t start = at;
        ValueScanner scanner;
        while (at < object.size() && !scanner.ended() && scanner.takes(object[at])) {
            ++at;
        }
        return object.substr(start, at - start);
    };
    for (;;) {
        skip();
        if (at >= object.size() || object[at] != '"') {
            return texts;
        }
        next(); // the key
        texts.push_back(next());
    }
}

BackupReader::BackupReader(ByteSource source, std::int64_t newest_schema)
    : source_(std::move(source)), newest_schema_(newest_schema)
{}

BackupFacts BackupReader::read(BackupRows &rows)
{
    BackupFacts facts;
    read_head(facts);
    for (const std::string &name : backup_section_names()) {
        expect(',', "between two sections");
        read_section(rows, name);
    }
    read_tail(facts);
    return facts;
}

void BackupReader::hash_up_to_here()
{
    if (hashing_) {
        hash_.add(std::string_view(buffer_).substr(hashed_, at_ - hashed_));
        hashed_ = at_;
    }
}

void BackupReader::drop_what_was_read()
{
    hash_up_to_here();
    buffer_.erase(0, at_);
    dropped_ += at_;
    hashed_ -= std::min(hashed_, at_);
    at_ = 0;
}

/// Reads on. \returns false at the end of the file
bool BackupReader::fill()
{
    const std::size_t before = buffer_.size();
    buffer_.resize(before + read_part_bytes);
    const std::size_t got = source_(buffer_.data() + before, read_part_bytes);
    buffer_.resize(before + got);
    return got > 0;
}

/// The next byte that is no white space; NUL at the end of the file.
char BackupReader::peek()
{
    for (;;) {
        while (at_ < buffer_.size() && is_json_space(buffer_[at_])) {
            ++at_;
        }
        if (at_ < buffer_.size()) {
            return buffer_[at_];
        }
        drop_what_was_read();
        if (!fill()) {
            return '\0';
        }
    }
}

void BackupReader::expect(char wanted, const char *where)
{
    const char found = peek();
    if (found == '\0' && at_ == buffer_.size()) {
        throw BackupError(std::string("The file ends too early, ") + where + ".");
    }
    if (found != wanted) {
        throw BackupError(std::string("The file isn't in the form of an export, ") + where +
                          " (byte " + std::to_string(dropped_ + at_) + ").");
    }
    ++at_;
}

/// Where the value that starts here ends, in the buffer.
std::size_t BackupReader::value_end(const char *where)
{
    ValueScanner scanner;
    for (std::size_t end = at_;; ++end) {
        if (scanner.ended()) {
            return end;
        }
        if (end - at_ > longest_row) {
            throw BackupError(std::string("A value is too long, ") + where + ".");
        }
        if (end == buffer_.size() && !fill()) {
            throw BackupError(std::string("The file ends too early, ") + where + ".");
        }
        if (!scanner.takes(buffer_[end])) {
            return end;
        }
    }
}

/// The text of the value that comes next; good until the next call.
std::string_view BackupReader::value(const char *where)
{
    peek();
    if (at_ > read_part_bytes) {
        drop_what_was_read();
    }
    const std::size_t start = at_;
    at_ = value_end(where);
    return std::string_view(buffer_).substr(start, at_ - start);
}

Json BackupReader::parsed(std::string_view text, const std::string &where)
{
    try {
        return parse_json(text);
    } catch (const Error &error) {
        const std::string reason =
            error.details().empty() ? error.what() : error.details()[0].second;
        throw BackupError("The file " + reason + ", " + where + ".");
    }
}

std::string BackupReader::key()
{
    const Json name = parsed(value("at a key"), "at a key");
    expect(':', "behind a key");
    return name.text;
}

/// The next member's value; the member must have this name.
Json BackupReader::member(const char *name)
{
    const std::string found = key();
    if (found != name) {
        throw BackupError("The file has " + json_string(found.substr(0, 100)) + " where " +
                          json_string(name) + " should be.");
    }
    return parsed(value(name), std::string("at ") + name);
}

void BackupReader::read_head(BackupFacts &facts)
{
    if (peek() != '{') {
        throw BackupError(
            at_ == buffer_.size() ? "The file is empty." : "The file is no JSON object.", true);
    }
    ++at_;
    const std::string first = key();
    if (first != "format" || parsed(value("at the format"), "at the format").text != "smartflow") {
        throw BackupError("The file is no export of SmartFlow.");
    }
    expect(',', "in the head");
    const auto version = positive_integer(member("version").text);
    if (!version || *version > backup_version) {
        throw BackupError("The file has a form that is newer than this program knows: it reads " +
                          std::to_string(backup_version) + ".");
    }
    expect(',', "in the head");
    facts.schema_version = positive_integer(member("schemaVersion").text).value_or(0);
    if (facts.schema_version < 1 || facts.schema_version > newest_schema_) {
        throw BackupError(
            "The file comes from a newer database than this one, which is of version " +
            std::to_string(newest_schema_) + ".");
    }
    expect(',', "in the head");
    facts.exported_at = member("exportedAt").text;
    if (!utc_instant(facts.exported_at)) {
        throw BackupError("The file doesn't say when it was exported.");
    }
}

void BackupReader::read_section(BackupRows &rows, const std::string &name)
{
    const std::string found = key();
    if (found != name) {
        throw BackupError("The file has " + json_string(found.substr(0, 100)) + " where " +
                          json_string(name) + " should be.");
    }
    expect('[', name.c_str());
    rows.begin_section(name);
    std::uint64_t count = 0;
    if (peek() != ']') {
        for (;;) {
            const std::string_view text = value(name.c_str());
            const std::string where = "at row " + std::to_string(++count) + " of " + name;
            const Json row = parsed(text, where);
            if (row.kind != Json::Kind::object) {
                throw BackupError("There is something other than a row, " + where + ".");
            }
            rows.take_row(row, text);
            if (peek() != ',') {
                break;
            }
            ++at_;
        }
    }
    expect(']', name.c_str());
    rows.end_section();
    counted_.emplace_back(name, count);
}

void BackupReader::read_tail(BackupFacts &facts)
{
    expect(',', "behind the sections");
    facts.counts = member("counts");
    expect(',', "in the end");
    facts.audit_head = member("auditHead");
    expect(',', "in the end");
    peek();
    hash_up_to_here();
    hashing_ = false;
    facts.sha256 = member("sha256").text;
    expect('}', "at its end");
    facts.bytes = dropped_ + at_;
    if (peek() != '\0' || at_ != buffer_.size()) {
        throw BackupError("Something follows the end of the export.");
    }
    facts.bytes = dropped_ + at_;
    if (facts.sha256 != hash_.hex()) {
        throw BackupError("The file was changed: its SHA-256 is another one than it states.");
    }
    if (facts.counts.members.size() != counted_.size()) {
        throw BackupError("The counts aren't those of the sections.");
    }
    for (const auto &[name, count] : counted_) {
        const Json *stated = facts.counts.find(name);
        if (stated == nullptr || stated->text != std::to_string(count)) {
            throw BackupError("There are " + std::to_string(count) + " rows in " + name +
                              ", and the file states another number.");
        }
    }
}

} // namespace smartflow

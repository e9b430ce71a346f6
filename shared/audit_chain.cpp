#include "audit_chain.hpp"

#include "json.hpp"
#include "secrets.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

namespace smartflow {
namespace {

constexpr std::size_t longest_element = std::size_t{64} << 20U;

std::string sha256(std::string_view bytes)
{
    Sha256 hash;
    hash.add(bytes);
    return hash.digest();
}

std::string name_of(std::int64_t origin)
{
    return origin == 0 ? "the local chain" : "segment " + std::to_string(origin);
}

/// A number of at least 0. \throws std::runtime_error
std::int64_t number(const Json &object, std::string_view name)
{
    const Json *value = object.find(name);
    if (value == nullptr || value->kind != Json::Kind::number) {
        throw std::runtime_error("auditHead lacks " + std::string(name));
    }
    const auto found = positive_integer(value->text);
    if (!found && value->text != "0") {
        throw std::runtime_error(std::string(name) + " of auditHead is no whole number");
    }
    return found.value_or(0);
}

ChainEnd chain_end(const Json &object, std::int64_t origin)
{
    const Json *hash = object.find("hash");
    if (hash == nullptr || hash->kind != Json::Kind::string) {
        throw std::runtime_error("auditHead lacks hash");
    }
    return {origin, number(object, "through"), number(object, "rows"), hash->text};
}

/// Bytes one by one.
class Bytes
{
public:
    explicit Bytes(const ByteSource &source) : source_(source) {}

    /// Nothing at the end.
    std::optional<char> next()
    {
        if (at_ == end_) {
            end_ = source_(buffer_.data(), buffer_.size());
            at_ = 0;
        }
        return end_ == 0 ? std::nullopt : std::optional(buffer_[at_++]);
    }

    std::optional<char> next_but_space()
    {
        std::optional<char> c = next();
        while (c && is_json_space(*c)) {
            c = next();
        }
        return c;
    }

private:
    const ByteSource &source_;
    std::array<char, std::size_t{64} * 1024> buffer_{};
    std::size_t at_ = 0;
    std::size_t end_ = 0;
};

/// Finds where an element of an array ends.
class ElementEnd
{
public:
    /// \returns whether this byte, which isn't part of the element, comes after it
    bool at(char c)
    {
        if (in_string_) {
            in_string_ = escaped_ || c != '"';
            escaped_ = !escaped_ && c == '\\';
            return false;
        }
        if (depth_ == 0 && (c == ',' || c == ']')) {
            return true;
        }
        in_string_ = c == '"';
        depth_ += c == '{' || c == '[' ? 1 : 0;
        depth_ -= c == '}' || c == ']' ? 1 : 0;
        return false;
    }

private:
    bool in_string_ = false;
    bool escaped_ = false;
    int depth_ = 0;
};

std::string_view trimmed_right(std::string_view text)
{
    while (!text.empty() && is_json_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

} // namespace

void AuditChain::add(std::string_view digest)
{
    head_ = sha256(head_ + std::string(digest));
    ++rows_;
}

std::string AuditChain::head() const
{
    return to_hex(head_);
}

AuditRow read_audit_row(std::string_view row)
{
    constexpr std::string_view before_id = "{\"id\":";
    constexpr std::string_view before_origin = ",\"origin\":";
    const std::size_t origin_at = row.rfind(before_origin);
    if (row.substr(0, before_id.size()) != before_id || row.back() != '}' ||
        origin_at == std::string_view::npos) {
        throw std::runtime_error("a row isn't as SmartFlow writes it: " +
                                 std::string(row.substr(0, 60)));
    }
    const std::string_view id = row.substr(before_id.size(), row.find(',') - before_id.size());
    std::string_view origin = row.substr(origin_at + before_origin.size());
    origin.remove_suffix(1);
    const auto id_number = positive_integer(id);
    const auto origin_number = positive_integer(origin);
    if (!id_number || (!origin_number && origin != "null")) {
        throw std::runtime_error("a row has no readable id or origin: " +
                                 std::string(row.substr(0, 60)));
    }
    return {origin_number.value_or(0), *id_number,
            sha256(std::string(row.substr(0, origin_at)) + "}")};
}

std::vector<ChainEnd> read_audit_head(std::string_view json)
{
    const Json head = parse_json(json);
    std::vector<ChainEnd> ends = {chain_end(head, 0)};
    if (const Json *segments = head.find("segments")) {
        for (const Json &segment : segments->items) {
            ends.push_back(chain_end(segment, number(segment, "origin")));
        }
    }
    return ends;
}

AuditCheck::AuditCheck(const std::vector<ChainEnd> &stated, std::string kept)
    : kept_(std::move(kept))
{
    for (const ChainEnd &end : stated) {
        Progress &progress = chains_[end.origin];
        progress.stated = end;
        progress.is_stated = true;
    }
    if (chains_[0].chain.head() == kept_) {
        kept_rows_ = 0;
    }
}

void AuditCheck::add(const AuditRow &row)
{
    Progress &progress = chains_[row.origin];
    if (row.id <= progress.last && progress.misplaced == 0) {
        progress.misplaced = row.id;
    }
    progress.last = row.id;
    progress.chain.add(row.digest);
    if (progress.is_stated && row.id <= progress.stated.through) {
        progress.sealed = progress.chain;
    }
    if (row.origin == 0 && !kept_.empty() && progress.chain.head() == kept_) {
        kept_rows_ = progress.chain.rows();
    }
}

void AuditCheck::judge(const Progress &progress, AuditReport &report) const
{
    const std::string name = name_of(progress.stated.origin);
    const std::string up_to = " up to row " + std::to_string(progress.stated.through);
    const std::int64_t sealed = progress.sealed.rows();
    report.sealed += sealed;
    report.unsealed += progress.chain.rows() - sealed;
    if (sealed != progress.stated.rows) {
        report.problems.push_back(name + " has " + std::to_string(sealed) + " rows" + up_to +
                                  ", and had " + std::to_string(progress.stated.rows));
    } else if (progress.sealed.head() != progress.stated.hash) {
        report.problems.push_back(name + " isn't what it was" + up_to +
                                  ": rows were changed, exchanged or moved");
    }
}

AuditReport AuditCheck::report() const
{
    AuditReport report;
    const bool any_stated = chains_.at(0).is_stated;
    for (const auto &[origin, progress] : chains_) {
        if (progress.misplaced != 0) {
            report.problems.push_back(name_of(origin) + " is out of order at row " +
                                      std::to_string(progress.misplaced));
        }
        if (progress.is_stated) {
            judge(progress, report);
        } else if (any_stated) {
            report.problems.push_back(name_of(origin) + " has no head that vouches for its rows");
        } else { // a list: a kept head vouches for the local chain, as far as it goes
            const std::int64_t sealed = origin == 0 ? std::max<std::int64_t>(kept_rows_, 0) : 0;
            report.sealed += sealed;
            report.unsealed += progress.chain.rows() - sealed;
        }
    }
    if (!kept_.empty() && kept_rows_ < 0) {
        report.problems.emplace_back(
            "the local chain never had the head that was kept: rows before "
            "it were changed, removed, inserted or moved");
    }
    return report;
}

void read_array(const ByteSource &source, const std::function<void(std::string_view)> &sink)
{
    Bytes bytes(source);
    if (bytes.next_but_space() != '[') {
        throw std::runtime_error("the file is no JSON array");
    }
    std::string element;
    std::optional<char> c;
    for (bool first = true; c != ']'; first = false) {
        element.clear();
        ElementEnd end;
        for (c = bytes.next_but_space(); c && !end.at(*c); c = bytes.next()) {
            element += *c;
            if (element.size() > longest_element) {
                throw std::runtime_error("an element of the array is longer than 64 MiB");
            }
        }
        const std::string_view text = trimmed_right(element);
        if (!c || (text.empty() && !(first && c == ']'))) {
            throw std::runtime_error("the JSON array is broken off or has nothing between commas");
        }
        if (!text.empty()) {
            sink(text);
        }
    }
    if (bytes.next_but_space()) {
        throw std::runtime_error("something follows the JSON array");
    }
}

} // namespace smartflow

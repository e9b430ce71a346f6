#include "backup_export.hpp"

#include "json.hpp"
#include "pages.hpp"
#include "secrets.hpp"

namespace smartflow {

namespace {

constexpr std::size_t part_bytes = 64UL * 1024;

/// Collects text into parts, hashes and counts them on their way.
class Writer
{
public:
    explicit Writer(const ByteSink &sink) : sink_(sink) {}

    std::string &text() noexcept { return text_; }

    /// \returns false when nothing more is wanted
    bool flush_when_full() { return text_.size() < part_bytes || flush(); }

    bool flush()
    {
        hash_.add(text_);
        return pass();
    }

    /// Writes the digest of all so far, and the end.
    bool seal(std::string &digest)
    {
        hash_.add(text_);
        digest = hash_.hex();
        text_.append(backup_digest_key).append(digest).append("\"}\n");
        return pass();
    }

    std::uint64_t bytes() const noexcept { return bytes_; }

private:
    bool pass()
    {
        bytes_ += text_.size();
        const bool wanted = sink_(text_);
        text_.clear();
        return wanted;
    }

    const ByteSink &sink_;
    std::string text_;
    Sha256 hash_;
    std::uint64_t bytes_ = 0;
};

/// A member of what open_backup gave, as it stands there.
std::string member(const Json &opened, const char *name)
{
    std::string text;
    append_json(text, *opened.find(name));
    return text;
}

} // namespace

Exported write_backup(AdminConnection &connection, std::string_view opened, const ByteSink &sink)
{
    const Json head = parse_json(opened);
    Exported exported;
    exported.at = head.find("exportedAt")->text;
    exported.counts = "{}";
    Writer writer(sink);
    writer.text() = "{\"format\":\"smartflow\",\"version\":" + std::to_string(backup_version) +
                    ",\"schemaVersion\":" + member(head, "schemaVersion") +
                    ",\"exportedAt\":" + member(head, "exportedAt");
    for (const Json &section : head.find("sections")->items) {
        std::uint64_t rows = 0;
        writer.text().append(",").append(json_string(section.text)).append(":[");
        const bool wanted = connection.fetch(section.text, [&](const Row &row) {
            writer.text() += rows++ == 0 ? "\n" : ",\n";
            append_row(writer.text(), row);
            return writer.flush_when_full();
        });
        if (!wanted) {
            return exported;
        }
        writer.text() += "]";
        append_member(exported.counts, section.text, std::to_string(rows));
    }
    writer.text() +=
        ",\n\"counts\":" + exported.counts + ",\"auditHead\":" + member(head, "auditHead") + ",";
    exported.whole = writer.seal(exported.sha256);
    exported.bytes = writer.bytes();
    return exported;
}

std::string exported_json(const Exported &exported)
{
    return "{\"exportedAt\":" + json_string(exported.at) +
           ",\"bytes\":" + std::to_string(exported.bytes) +
           ",\"sha256\":" + json_string(exported.sha256) + ",\"counts\":" + exported.counts + "}";
}

} // namespace smartflow

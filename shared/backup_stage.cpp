#include "backup_stage.hpp"

#include "audit_chain.hpp"
#include "backup_shapes.hpp"
#include "pages.hpp"
#include "text.hpp"

#include <algorithm>
#include <map>

namespace smartflow {

namespace {

constexpr std::size_t copy_part_bytes = 64UL * 1024;
constexpr std::uint64_t bytes_between_reports = 4UL * 1024 * 1024;

/// Appends a text in COPY's text format.
void append_copy_text(std::string &out, std::string_view text)
{
    for (const char c : text) {
        switch (c) {
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default: out += c;
        }
    }
}

bool is_kind(Into into, Json::Kind kind)
{
    switch (into) {
        case Into::number: return kind == Json::Kind::number;
        case Into::text: return kind == Json::Kind::string;
        case Into::boolean: return kind == Json::Kind::boolean;
        case Into::json: return kind == Json::Kind::array || kind == Json::Kind::object;
        case Into::person: return kind == Json::Kind::object;
    }
    return false;
}

/// Copies rows into the temporary tables.
class Stager : public BackupRows
{
public:
    Stager(AdminConnection &connection, const Progress &progress)
        : connection_(connection), progress_(progress)
    {}

    void begin_section(const std::string &name) override
    {
        shape_ = &shape_of(name);
        row_ = 0;
        last_id_ = 0;
        with_secrets_ = false;
        begun_ = false;
        hash_ = Sha256();
    }

    void take_row(const Json &row, std::string_view text) override
    {
        ++row_;
        begin_copy(row);
        const std::vector<std::string_view> texts = member_texts(text);
        const std::size_t expected = shape_->members.size() + (with_secrets_ ? 1 : 0);
        if (row.members.size() != expected || texts.size() != expected) {
            refuse("has other members than its kind");
        }
        for (std::size_t i = 0; i < expected; ++i) {
            part_ += i == 0 ? "" : "\t";
            add(i < shape_->members.size() ? shape_->members[i] : password_hash_, row.members[i],
                texts[i]);
        }
        if (is_trail()) {
            end_trail_row();
        }
        part_ += '\n';
        check_id(row.members[0].second.text);
        hash_.add(text);
        hash_.add("\n");
        read_ += text.size();
        if (part_.size() > copy_part_bytes) {
            flush();
        }
    }

    void end_section() override
    {
        if (begun_) {
            flush();
            connection_.copy_end();
        }
        digests_[shape_->section] = hash_.hex();
    }

    /// Where the copy is, for what the database says of it.
    std::string place() const { return shape_ == nullptr ? "" : std::string(shape_->section); }

    bool has_secrets() const noexcept { return secrets_; }
    const std::map<std::string, std::string> &digests() const noexcept { return digests_; }

private:
    bool is_trail() const { return std::string_view(shape_->section) == "auditLogs"; }

    /// The ids of a trail's rows are those of several chains: here each has its place in the file,
    /// and the chain of the installation that wrote it is number 0.
    void end_trail_row()
    {
        if (part_.size() > 2 && part_.compare(part_.size() - 2, 2, "\\N") == 0) {
            part_.replace(part_.size() - 2, 2, "0");
        }
        part_ += "\t" + std::to_string(row_);
    }

    [[noreturn]] void refuse(const std::string &what) const
    {
        throw BackupError("Row " + std::to_string(row_) + " of " + shape_->section + " " + what +
                          ".");
    }

    /// The columns depend on whether the users come with their password hashes.
    void begin_copy(const Json &row)
    {
        if (begun_) {
            return;
        }
        begun_ = true;
        with_secrets_ =
            std::string_view(shape_->section) == "users" && row.find("passwordHash") != nullptr;
        secrets_ = secrets_ || with_secrets_;
        connection_.copy_begin(std::string("copy pg_temp.") + shape_->table + " (" +
                               shape_->columns + (with_secrets_ ? ", password_hash" : "") +
                               ") from stdin");
    }

    void add(const Member &member, const std::pair<std::string, Json> &given, std::string_view text)
    {
        const Json &value = given.second;
        if (given.first != member.key) {
            refuse("has " + json_string(given.first.substr(0, 100)) + " where " +
                   json_string(member.key) + " should be");
        }
        if (value.kind == Json::Kind::null) {
            part_ += "\\N";
            for (std::size_t i = 1; i < member.of.size(); ++i) {
                part_ += "\t\\N";
            }
            return;
        }
        if (!is_kind(member.into, value.kind)) {
            refuse("has a " + std::string(member.key) + " of another type");
        }
        switch (member.into) {
            case Into::boolean: part_ += value.truth ? "t" : "f"; break;
            case Into::json: append_copy_text(part_, text); break;
            case Into::person: add_person(member, value); break;
            default: append_copy_text(part_, value.text); break;
        }
    }

    void add_person(const Member &member, const Json &value)
    {
        if (value.members.size() != member.of.size()) {
            refuse("has a user of another form");
        }
        for (std::size_t i = 0; i < member.of.size(); ++i) {
            const auto &[key, part] = value.members[i];
            const bool fits = part.kind == Json::Kind::null ||
                              part.kind == (i == 0 ? Json::Kind::number : Json::Kind::string);
            if (key != member.of[i] || !fits) {
                refuse("has a user of another form");
            }
            part_ += i == 0 ? "" : "\t";
            if (part.kind == Json::Kind::null) {
                part_ += "\\N";
            } else {
                append_copy_text(part_, part.text);
            }
        }
    }

    /// Rows stand in the order of their ids, each once. The trail is held against its chains
    /// instead.
    void check_id(const std::string &text)
    {
        const auto id = positive_integer(text);
        if (!id || (!is_trail() && *id <= last_id_)) {
            refuse("has an id that is none, or not beyond the one before");
        }
        last_id_ = *id;
    }

    void flush()
    {
        connection_.copy_data(part_);
        part_.clear();
        if (progress_ && read_ >= reported_ + bytes_between_reports) {
            reported_ = read_;
            progress_(read_);
        }
    }

    AdminConnection &connection_;
    const Progress &progress_;
    Member password_hash_{"passwordHash", Into::text};
    const Shape *shape_ = nullptr;
    std::string part_;
    std::uint64_t row_ = 0;
    std::uint64_t read_ = 0;
    std::uint64_t reported_ = 0;
    std::int64_t last_id_ = 0;
    bool begun_ = false;
    bool with_secrets_ = false;
    bool secrets_ = false;
    Sha256 hash_;
    std::map<std::string, std::string> digests_;
};

/// What the database says of a row that its tables don't take, without its own words.
std::string refused_row(const Stager &stager, const AdminError &failure)
{
    const std::string text = failure.what();
    const std::string line = ", line ";
    const std::size_t at = text.find(line);
    const std::string row =
        at == std::string::npos
            ? ""
            : text.substr(at + line.size(), text.find_first_not_of("0123456789", at + line.size()) -
                                                at - line.size());
    return "A row of " + stager.place() + (row.empty() ? "" : " (" + row + ")") +
           " can't be stored: " +
           (failure.sqlstate() == "23514" ? "it breaks a rule of the database."
                                          : "a value is of another type or out of range.");
}

/// Whether the failure is about the file's content rather than about the server.
bool is_about_content(const AdminError &failure)
{
    return failure.sqlstate().compare(0, 2, "22") == 0 ||
           failure.sqlstate().compare(0, 2, "23") == 0;
}

/// The ends of the chains as the file states them.
std::vector<ChainEnd> stated_ends(const BackupFacts &facts)
{
    std::string head;
    append_json(head, facts.audit_head);
    try {
        return read_audit_head(head);
    } catch (const Error &error) {
        throw BackupError(std::string("The file's auditHead can't be read: ") + error.what());
    } catch (const std::runtime_error &error) {
        throw BackupError(std::string("The file's auditHead can't be read: ") + error.what());
    }
}

/// Writes the sections from the temporary tables once more and compares with what was read; the
/// audit trail's rows are held against the heads that the file states.
void compare(AdminConnection &connection, const Stager &stager, const Reopen &reopen,
             Staged &staged)
{
    AuditCheck trail(stated_ends(staged.facts), "");
    reopen(stager.has_secrets());
    for (const std::string &section : backup_section_names()) {
        Sha256 hash;
        std::string text;
        connection.fetch("staged_" + section, [&](const Row &row) {
            text.clear();
            append_row(text, row);
            if (section == "auditLogs") {
                trail.add(read_audit_row(text));
            }
            text += '\n';
            hash.add(text);
            return true;
        });
        if (hash.hex() != stager.digests().at(section)) {
            staged.problems.push_back("What would be restored of " + section +
                                      " isn't what the file holds.");
        }
    }
    for (const std::string &problem : trail.report().problems) {
        staged.problems.push_back("The audit trail was changed: " + problem + ".");
    }
}

} // namespace

Staged stage_backup(AdminConnection &connection, const ByteSource &source,
                    std::int64_t newest_schema, const Reopen &reopen, const Progress &progress)
{
    Staged staged;
    Stager stager(connection, progress);
    try {
        staged.facts = BackupReader(source, newest_schema).read(stager);
        staged.in_tables = true;
        compare(connection, stager, reopen, staged);
    } catch (const BackupError &error) {
        if (error.no_json()) {
            throw;
        }
        staged.problems.emplace_back(error.what());
    } catch (const AdminError &failure) {
        if (!is_about_content(failure)) {
            throw;
        }
        staged.problems.push_back(staged.in_tables
                                      ? "An order's items can't be read or break a rule."
                                      : refused_row(stager, failure));
        staged.in_tables = false;
    }
    return staged;
}

std::string staged_json(const Staged &staged)
{
    std::string text = "{\"exportedAt\":" + json_string(staged.facts.exported_at) +
                       ",\"sha256\":" + json_string(staged.facts.sha256) +
                       ",\"bytes\":" + std::to_string(staged.facts.bytes) + ",\"counts\":";
    append_json(text, staged.in_tables ? staged.facts.counts : parse_json("{}"));
    text += ",\"auditHead\":";
    append_json(text, staged.in_tables ? staged.facts.audit_head : parse_json("null"));
    text += ",\"problems\":[";
    for (std::size_t i = 0; i < staged.problems.size(); ++i) {
        text += (i == 0 ? "" : ",") + json_string(staged.problems[i]);
    }
    return text + "]}";
}

} // namespace smartflow

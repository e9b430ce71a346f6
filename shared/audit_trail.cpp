#include "audit_trail.hpp"

#include "backup_file.hpp"
#include "backup_read.hpp"
#include "command_line.hpp"
#include "housekeeping.hpp"

#include <algorithm>
#include <tuple>

namespace smartflow {
namespace {

std::string line_of(const std::string &name, const AdminConnection::Values &row)
{
    return name + row.at(0).value_or("0") + " rows through " + row.at(1).value_or("0") + ": " +
           row.at(2).value_or("");
}

/// A list is newest first; a chain goes the other way. So the digests are kept until all are there.
AuditReport check_list(const ByteSource &source, const std::string &kept)
{
    if (kept.empty()) {
        throw UsageError("a list of the trail holds no head: give the one that was kept with "
                         "--head");
    }
    std::vector<AuditRow> rows;
    read_array(source, [&](std::string_view row) { rows.push_back(read_audit_row(row)); });
    std::sort(rows.begin(), rows.end(), [](const AuditRow &a, const AuditRow &b) {
        return std::tie(a.origin, a.id) < std::tie(b.origin, b.id);
    });
    AuditCheck check({}, kept);
    for (const AuditRow &row : rows) {
        check.add(row);
    }
    return check.report();
}

/// The trail's rows of an export.
class TrailOf : public BackupRows
{
public:
    /// \param check gets them; nullptr: nobody does
    explicit TrailOf(AuditCheck *check) : check_(check) {}

    void begin_section(const std::string &name) override { is_trail_ = name == "auditLogs"; }
    void take_row(const Json &, std::string_view text) override
    {
        if (is_trail_ && check_ != nullptr) {
            check_->add(read_audit_row(text));
        }
    }
    void end_section() override {}

private:
    AuditCheck *check_;
    bool is_trail_ = false;
};

BackupFacts read_export(const std::string &path, std::int64_t newest_schema, AuditCheck *check)
{
    InputFile file(path);
    TrailOf rows(check);
    return BackupReader([&](char *into, std::size_t size) { return file.read(into, size); },
                        newest_schema)
        .read(rows);
}

/// An export's head stands behind its rows, so it is read twice, and never held in memory.
AuditReport check_export(const std::string &path, const std::string &kept,
                         std::int64_t newest_schema)
{
    std::string head;
    append_json(head, read_export(path, newest_schema, nullptr).audit_head);
    AuditCheck check(read_audit_head(head), kept);
    read_export(path, newest_schema, &check);
    return check.report();
}

bool is_list(const std::string &path)
{
    InputFile file(path);
    char c = ' ';
    while (file.read(&c, 1) == 1 && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
    }
    return c == '[';
}

} // namespace

std::string audit_head_json(AdminConnection &database)
{
    seal_audit_trail(database);
    return database.value("select smartflow_api.audit_head()").value_or("");
}

std::string audit_head_text(AdminConnection &database)
{
    seal_audit_trail(database);
    const auto chain = database.rows("select rows, through, encode(head, 'hex'),"
                                     "       smartflow_api.rfc3339(sealed_at)"
                                     "  from smartflow.audit_chain");
    if (chain.empty()) {
        throw AdminError("the chain's own record is gone: look at action=integrity", "");
    }
    std::string text = line_of("", chain[0]);
    if (chain[0].at(3)) {
        text += ", sealed " + *chain[0].at(3);
    }
    for (const auto &segment : database.rows("select rows, through, encode(head, 'hex'), id"
                                             "  from smartflow.audit_segments order by id")) {
        text += "\n" + line_of("segment " + segment.at(3).value_or("") + ": ", segment);
    }
    return text;
}

AuditReport check_audit_file(const std::string &path, const std::string &kept,
                             std::int64_t newest_schema)
{
    if (!is_list(path)) {
        return check_export(path, kept, newest_schema);
    }
    InputFile file(path);
    return check_list([&](char *into, std::size_t size) { return file.read(into, size); }, kept);
}

} // namespace smartflow

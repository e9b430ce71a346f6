#include "admin_backup_csv.hpp"
#include "answers.hpp"
#include "backup_export.hpp"
#include "backup_stage.hpp"
#include "credentials.hpp"
#include "families.hpp"
#include "file_transfer.hpp"
#include "json.hpp"
#include "long_work.hpp"
#include "secrets.hpp"
#include "sql_version.hpp"

namespace smartflow::handlers {

namespace {

constexpr const char *secrets[] = {"include"};

// clang-format off
constexpr Rule export_query[] = {
    {"secrets", Type::choice, optional, 0, 0, secrets, {}, "`include`: with the users' password hashes."},
};
// clang-format on

/// One snapshot, streamed; it counts as the last export when all of it was taken.
Response export_json(Inquiry &inquiry)
{
    const Response head{200, download("application/json", "smartflow", "json"), {}};
    Arguments &arguments = inquiry.arguments;
    LongWork work(inquiry.settings, inquiry.family);
    Response done;
    done.sent = true;
    if (inquiry.request.method == "HEAD") {
        work.call("any_session", arguments);
        inquiry.output.start(head);
        inquiry.output.finish();
        return done;
    }
    work.call("admin_backup_begin", arguments);
    work.run("begin isolation level repeatable read read only");
    const Reply opened = work.call("admin_backup_export", arguments);
    inquiry.output.start(head);
    const Exported exported = translated([&] {
        return write_backup(work.connection(), *opened.body,
                            [&](std::string_view part) { return inquiry.output.write(part); });
    });
    if (!exported.whole || !inquiry.output.finish()) {
        throw Error(Code::internal_error, "The client went away.");
    }
    work.run("commit");
    arguments.input = exported_json(exported);
    work.call("admin_backup_sent", arguments);
    return done;
}

const char *truth(bool value)
{
    return value ? "true" : "false";
}

/// What the first step of an upload is told besides; its outcome isn't one to be repeated.
Arguments first_step(const Inquiry &inquiry)
{
    Arguments first = inquiry.arguments;
    const auto credential = presented_credential(inquiry.request, inquiry.settings);
    append_member(first.input, "byCookie", truth(credential && credential->cookie));
    append_member(first.input, "keyed", truth(first.key.has_value()));
    first.key.reset();
    return first;
}

/// Reads the file into temporary tables of the transaction that is open, or begins another one
/// where it couldn't be.
Staged staged_upload(LongWork &work, Upload &upload, Arguments step)
{
    const ByteSource source = [&](char *into, std::size_t size) { return upload.read(into, size); };
    const Reopen reopen = [&](bool with_secrets) {
        step.input = std::string("{\"secrets\":") + truth(with_secrets) + "}";
        work.untranslated_call("admin_backup_staged", step);
    };
    try {
        Staged staged = translated(
            [&] { return stage_backup(work.connection(), source, schema_version, reopen); });
        if (!staged.in_tables) {
            work.run("rollback; begin");
        }
        upload.drain();
        return staged;
    } catch (const BackupError &error) {
        throw validation_error({{"body", error.what()}});
    }
}

/// Stages the file and calls the route's function over it, all or nothing.
Response stage_and_call(Inquiry &inquiry)
{
    Arguments &arguments = inquiry.arguments;
    const Arguments first = first_step(inquiry);
    LongWork work(inquiry.settings, inquiry.family);
    work.run("begin");
    work.call("admin_backup_stage", first);
    Upload upload(inquiry.request);
    const Staged staged = staged_upload(work, upload, first);
    if (arguments.key) {
        arguments.fingerprint =
            request_fingerprint(inquiry.request.idempotency_key, arguments.input + upload.hex());
    }
    append_member(arguments.input, "facts", staged_json(staged));
    const Reply reply = work.call(inquiry.route.function, arguments);
    work.run("commit");
    return to_response(reply);
}

// clang-format off
constexpr Rule restore_query[] = {
    {"replace", Type::boolean, optional, 0, 0, {}, {}, "`true`: the products, orders and rules that are here give way."},
};

constexpr Route routes[] = {
    {"GET", "/api/admin/backup", "admin_backup_statistics", 200, "Statistics", "Get data statistics", {}, {},
     Access::admin, nullptr, "statistics"},
    {"GET", "/api/admin/backup", "admin_backup_export", 200, "Backup", "Export all data as JSON", {}, export_query,
     Access::admin, export_json, "export-json"},
    {"GET", "/api/admin/backup", "admin_backup_products_csv", 200, "Product", "Export products for a spreadsheet", {}, {},
     Access::admin, export_products_csv, "export-products-csv", "text/csv"},
    {"GET", "/api/admin/backup", "admin_backup_orders_csv", 200, "Order", "Export order lines for a spreadsheet", {}, {},
     Access::admin, export_orders_csv, "export-orders-csv", "text/csv"},
    {"GET", "/api/admin/backup", "admin_backup_migrations", 200, "MigrationHistory", "View the migrations' history",
     {}, {}, Access::admin, nullptr, "migration-history"},
    {"POST", "/api/admin/backup", "admin_backup_verify", 200, "Verified", "Prove that an export restores", {}, {},
     Access::admin, stage_and_call, "verify", "application/json", "application/json"},
    {"POST", "/api/admin/backup", "admin_backup_restore", 200, "Restored", "Restore an export", {}, restore_query,
     Access::admin, stage_and_call, "restore", "application/json", "application/json"},
    {"POST", "/api/admin/backup", "admin_backup_import", 200, "Imported", "Import products from a spreadsheet", {},
     import_query, Access::admin, import_products_csv, "import-products-csv", "application/json", "text/csv"},
};
// clang-format on

} // namespace

const Family admin_backup{"admin_backup", routes};

} // namespace smartflow::handlers

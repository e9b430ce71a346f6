#include "admin_backup_csv.hpp"
#include "answers.hpp"

#include "csv.hpp"
#include "csv_import.hpp"
#include "file_transfer.hpp"
#include "long_work.hpp"
#include "secrets.hpp"

namespace smartflow::handlers {

namespace {

constexpr std::size_t part_bytes = std::size_t{64} * 1024;

/// Sends the rows of the open cursor. \returns false when the client went away
bool send_rows(LongWork &work, const std::string &header, Output &output)
{
    CsvWriter writer;
    writer.buffer() += header + "\r\n"; // names of columns, which need neither quotes nor care
    const auto flush = [&] {
        const bool listening = output.write(writer.buffer());
        writer.buffer().clear();
        return listening;
    };
    return translated([&] {
               return work.connection().fetch("rows", [&](const Row &row) {
                   writer.record(row);
                   return writer.buffer().size() < part_bytes || flush();
               });
           }) &&
           flush() && output.finish();
}

Response export_csv(Inquiry &inquiry, const std::string &name)
{
    const Response head{200, download(csv_media, name, "csv"), {}};
    LongWork work(inquiry.settings, inquiry.family);
    Response done;
    done.sent = true;
    if (inquiry.request.method == "HEAD") {
        work.call("any_session", inquiry.arguments);
        inquiry.output.start(head);
        inquiry.output.finish();
        return done;
    }
    inquiry.arguments.input = R"({"what":")" + name + R"(-csv"})";
    work.call("admin_backup_begin", inquiry.arguments);
    work.run("begin isolation level repeatable read read only");
    const Reply opened = work.call(inquiry.route.function, inquiry.arguments);
    inquiry.output.start(head);
    if (!send_rows(work, *opened.body, inquiry.output)) {
        throw Error(Code::internal_error, "The client went away.");
    }
    return done;
}

/// Checks every row of the file and copies it into the table that waits for it.
void stage_rows(LongWork &work, Upload &upload, bool set_stock)
{
    ProductImport file([&](char *into, std::size_t size) { return upload.read(into, size); },
                       set_stock);
    translated([&] {
        AdminConnection &connection = work.connection();
        connection.copy_begin("copy pg_temp.import_rows (line, given, errors) from stdin");
        std::string lines;
        for (ImportRow row; file.next(row);) {
            append_copy_line(lines, row);
            if (lines.size() >= part_bytes) {
                connection.copy_data(lines);
                lines.clear();
            }
        }
        connection.copy_data(lines);
        connection.copy_end();
    });
}

} // namespace

Response export_products_csv(Inquiry &inquiry)
{
    return export_csv(inquiry, "products");
}

Response export_orders_csv(Inquiry &inquiry)
{
    return export_csv(inquiry, "orders");
}

Response import_products_csv(Inquiry &inquiry)
{
    Arguments &arguments = inquiry.arguments;
    Arguments staging = arguments;
    staging.key.reset();
    LongWork work(inquiry.settings, inquiry.family);
    work.run("begin");
    work.call("admin_backup_import_stage", staging);
    Upload upload(inquiry.request);
    try {
        stage_rows(work, upload, parse_json(arguments.input).find("stock") != nullptr);
    } catch (const Error &error) {
        if (error.code() == Code::validation_error) {
            upload.drain();
        }
        throw;
    }
    if (arguments.key) {
        arguments.fingerprint =
            request_fingerprint(inquiry.request.idempotency_key, arguments.input + upload.hex());
    }
    const Reply reply = work.call(inquiry.route.function, arguments);
    work.run("commit");
    return to_response(reply);
}

} // namespace smartflow::handlers

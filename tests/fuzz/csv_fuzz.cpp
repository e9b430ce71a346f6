// Whatever the bytes: what the reader takes is clean and within its limits, what the writer makes
// of it reads the same again in either form, and texts survive being defused.

#include "csv.hpp"
#include "error.hpp"
#include "text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

using namespace smartflow;

namespace {

using Records = std::vector<std::vector<std::string>>;

constexpr CsvLimits limits{64, 256, 8};

void must(bool promise)
{
    if (!promise) {
        std::abort();
    }
}

Records read(std::string_view bytes, std::size_t chunk)
{
    CsvReader reader(
        [&](char *buffer, std::size_t room) {
            const std::size_t count = std::min({chunk, room, bytes.size()});
            std::memcpy(buffer, bytes.data(), count);
            bytes.remove_prefix(count);
            return count;
        },
        limits);
    Records records;
    std::size_t line = 0;
    for (CsvRecord record; reader.next(record); line = record.line) {
        must(record.line > line && record.fields.size() <= limits.columns);
        must(records.empty() || record.fields.size() == records[0].size());
        for (const std::string &field : record.fields) {
            must(is_utf8(field) && field.size() <= limits.field &&
                 field.find('\0') == std::string::npos);
        }
        records.push_back(record.fields);
    }
    return records;
}

/// With the usual limits: what is written may be longer than what was read.
void check_round_trip(const Records &records, char separator)
{
    CsvWriter writer(separator);
    for (const auto &fields : records) {
        for (const std::string &field : fields) {
            writer.text(undefused(field));
        }
        writer.end_record();
    }
    std::string_view bytes = writer.buffer();
    CsvReader reader([&](char *buffer, std::size_t room) {
        const std::size_t count = std::min(room, bytes.size());
        std::memcpy(buffer, bytes.data(), count);
        bytes.remove_prefix(count);
        return count;
    });
    CsvRecord record;
    for (const auto &fields : records) {
        must(reader.next(record) && record.fields.size() == fields.size());
        for (std::size_t i = 0; i < fields.size(); ++i) {
            must(undefused(record.fields[i]) == undefused(fields[i]));
        }
    }
    must(!reader.next(record));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const std::string_view bytes(reinterpret_cast<const char *>(data), size);
    must(undefused(defused(bytes)) == bytes);
    Records records;
    try {
        records = read(bytes, 4096);
    } catch (const Error &error) {
        must(error.code() == Code::validation_error && error.details().size() == 1);
        return 0;
    }
    must(read(bytes, 1) == records);
    // The separator is found in the header, whose names hold neither: a single one could.
    const bool plain_header =
        records.empty() || std::all_of(records[0].begin(), records[0].end(), [](const auto &name) {
            return !name.empty() && name.find_first_of(",;") == std::string::npos;
        });
    if (plain_header) {
        check_round_trip(records, ',');
        check_round_trip(records, ';');
    }
    return 0;
}

#include "dispatch.hpp"
#include "families.hpp"
#include "wire.hpp"

#include <stdexcept>

namespace smartflow {

namespace {

/// Keeps what is sent, as the gateway would have written it.
class Kept : public Output
{
public:
    void send(const Response &whole) override
    {
        start(whole);
        write(whole.body);
    }

    void start(const Response &head) override
    {
        response.status = head.status;
        response.headers = head.headers;
        head_only_ = head.head_only;
    }

    bool write(std::string_view bytes) override
    {
        response.body += head_only_ ? std::string_view() : bytes;
        return true;
    }

    bool finish() override { return true; }
    void abort() override { throw std::runtime_error("the answer was cut off"); }

    WireResponse response;

private:
    bool head_only_ = false;
};

class DispatchWay : public Way
{
public:
    explicit DispatchWay(const std::string &database_url)
        : settings_(read_settings(
              [&](const std::string &name) -> std::optional<std::string> {
                  if (name == "DATABASE_URL") {
                      return database_url;
                  }
                  return name == "DATABASE_CONNECTIONS" ? std::optional<std::string>("1")
                                                        : std::nullopt;
              },
              ""))
    {}

    const char *name() const override { return "dispatch"; }

    WireResponse send(const WireRequest &wire) override
    {
        const Family &family = family_of(wire);
        const auto variables = cgi_variables(wire);
        Request request = read_request([&](const char *name) {
            const auto found = variables.find(name);
            return found == variables.end() ? nullptr : found->second.c_str();
        });
        std::size_t at = 0;
        request.read_body = [&](char *into, std::size_t size) {
            const std::size_t part = wire.body.copy(into, size, at);
            at += part;
            return part;
        };
        Database &database = database_of(family);
        Kept kept;
        dispatch(
            family, settings_, request,
            [&](const std::string &function, const Arguments &arguments, const RowSink &sink) {
                return database.call(function, arguments, sink);
            },
            kept);
        return std::move(kept.response);
    }

private:
    Database &database_of(const Family &family)
    {
        auto &database = databases_[family.name];
        if (!database) {
            database =
                std::make_unique<Database>(settings_, family.name, std::vector<std::string>());
        }
        return *database;
    }

    Settings settings_;
    std::map<std::string, std::unique_ptr<Database>> databases_;
};

} // namespace

std::unique_ptr<Way> dispatch_way(const std::string &database_url)
{
    return std::make_unique<DispatchWay>(database_url);
}

} // namespace smartflow

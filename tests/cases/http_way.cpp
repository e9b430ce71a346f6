#include "wire.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <sys/socket.h>

namespace smartflow {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using Tcp = boost::asio::ip::tcp;

class HttpWay : public Way
{
public:
    HttpWay(const std::string &url, std::string server) : server_(std::move(server))
    {
        const std::string scheme = "http://";
        const std::size_t colon = url.find(':', scheme.size());
        if (url.rfind(scheme, 0) != 0 || colon == std::string::npos) {
            throw std::runtime_error("TEST_URL must look like http://127.0.0.1:8080/folder");
        }
        const std::size_t path = std::min(url.find('/', colon), url.size());
        host_ = url.substr(scheme.size(), colon - scheme.size());
        port_ = url.substr(colon + 1, path - colon - 1);
        base_ = url.substr(path);
    }

    const char *name() const override { return "http"; }
    std::string server() const override { return server_; }

    WireResponse send(const WireRequest &wire) override
    {
        connect();
        http::request<http::string_body> request;
        request.version(11);
        request.method_string(wire.method);
        request.target(base_ + wire.target);
        for (const auto &[name, value] : wire.headers) {
            request.set(name, value);
        }
        // A client should say that a POST has no body (RFC 9110 §8.6); some servers insist on it.
        if (!wire.body.empty() || (wire.method == "POST" && server_ != "nginx")) {
            request.body() = wire.body;
            request.prepare_payload();
        }
        beast::error_code unsent; // a server that refuses a large body answers before it has it all
        http::write(*stream_, request, unsent);
        http::response_parser<http::string_body> parser;
        // Not boost::none, which Beast 1.74 takes for a limit of nothing.
        parser.body_limit(std::numeric_limits<std::uint64_t>::max());
        parser.skip(wire.method == "HEAD");
        beast::error_code unread;
        http::read(*stream_, buffer_, parser, unread);
        if (unread && !(unread == http::error::end_of_stream && parser.is_done())) {
            stream_.reset();
            throw std::runtime_error("no HTTP answer: " + unread.message());
        }
        if (unsent || !parser.get().keep_alive()) {
            stream_.reset();
        }
        return answer(parser.release());
    }

private:
    void connect()
    {
        if (stream_ == nullptr || has_ended()) {
            stream_ = std::make_unique<beast::tcp_stream>(context_);
            stream_->connect(Tcp::resolver(context_).resolve(host_, port_));
            buffer_.clear();
        }
    }

    /// Whether the server has closed the connection between two requests, as it may at any time.
    bool has_ended()
    {
        char byte = 0;
        return ::recv(stream_->socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
               errno != EAGAIN;
    }

    /// An address without the installation's folder, which it must begin with.
    std::string without_base(const std::string &address, std::size_t at) const
    {
        if (address.compare(at, base_.size(), base_) != 0) {
            throw std::runtime_error(address + " leads out of " + base_);
        }
        return std::string(address).erase(at, base_.size());
    }

    WireResponse answer(const http::response<http::string_body> &from) const
    {
        WireResponse response;
        response.status = static_cast<int>(from.result_int());
        for (const auto &field : from) {
            const std::string name(field.name_string());
            std::string value(field.value());
            if (field.name() == http::field::location || field.name() == http::field::link) {
                value = without_base(value, field.name() == http::field::link ? 1 : 0);
            }
            response.headers.emplace_back(name, value);
        }
        response.body = from.body();
        return response;
    }

    boost::asio::io_context context_;
    std::unique_ptr<beast::tcp_stream> stream_;
    beast::flat_buffer buffer_;
    std::string server_;
    std::string host_;
    std::string port_;
    std::string base_; ///< the installation's folder, empty or `/shop`
};

} // namespace

std::unique_ptr<Way> http_way(const std::string &url, const std::string &server)
{
    return std::make_unique<HttpWay>(url, server);
}

} // namespace smartflow

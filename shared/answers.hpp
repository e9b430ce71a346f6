#ifndef SMARTFLOW_ANSWERS_HPP
#define SMARTFLOW_ANSWERS_HPP

#include "database.hpp"
#include "error.hpp"
#include "http.hpp"

#include <cstddef>
#include <string>

namespace smartflow {

/// A reply of the database as an answer: status, ETag, Location and body as they are.
Response to_response(const Reply &reply);

/// A refusal as an answer. \param allow the path's methods, for 405
Response error_response(const Error &error, const std::string &allow);

/// Adds the headers that stand on every answer of a family.
void add_common_headers(Response &response, const Request &request);

/// What a handler streams: with the headers of every answer, and counted.
class Stream : public Output
{
public:
    Stream(const Request &request, Output &output) : request_(request), output_(output) {}

    void send(const Response &whole) override;
    void start(const Response &head) override;
    bool write(std::string_view bytes) override;
    bool finish() override { return output_.finish(); }
    void abort() override { output_.abort(); }

    /// Of the answer that was started; 0 for none.
    int status() const noexcept { return status_; }
    std::size_t bytes() const noexcept { return bytes_; }

private:
    const Request &request_;
    Output &output_;
    int status_ = 0;
    std::size_t bytes_ = 0;
};

} // namespace smartflow

#endif

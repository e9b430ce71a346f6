#include "deliver.hpp"

#include "admin_connection.hpp"
#include "database.hpp"
#include "housekeeping.hpp"
#include "log.hpp"
#include "mail.hpp"
#include "outbound.hpp"
#include "service_manager.hpp"
#include "stop_signal.hpp"
#include "webhook.hpp"

#include <algorithm>
#include <ctime>
#include <functional>
#include <future>

namespace smartflow {
namespace {

constexpr int rows_a_batch = 16;
/// Of a target, whoever sends: one that hangs has two of the workers at most.
constexpr int rows_a_target = 2;
/// A batch takes as long as its slowest receiver; meanwhile the other workers serve the rest.
constexpr int workers = 4;
constexpr int slow_poll_ms = 60'000;
/// Something is due and yet nobody's: another program has it.
constexpr int busy_poll_ms = 1'000;
constexpr int shortest_backoff_ms = 250;
constexpr int longest_backoff_ms = 10'000;

/// A row of the outbox.
struct Delivery {
    std::string id;
    std::string event;
    std::string channel; ///< email or webhook
    std::string target;  ///< address or URL
    std::string subject;
    std::string content;
};

/// What can't even be tried.
struct Untriable {
    std::string error;
};

class Deliverer
{
public:
    Deliverer(const Settings &settings, std::string version, const StopSignal &stop)
        : version_(std::move(version)), stop_(stop), url_(connection_string(settings, "deliver")),
          rules_{settings.webhook_allow_private == "yes", settings.smtp_url, settings.smtp_user,
                 settings.smtp_password, settings.smtp_tls},
          key_(webhook_key(settings.webhook_secret)), from_(mailbox_of(settings.mail_from))
    {}

    /// \throws AdminError
    std::unique_ptr<AdminConnection> connect() const
    {
        auto database = std::make_unique<AdminConnection>(url_);
        // The transaction is idle while others are waited for, longer than the server's own
        // patience may be; commits must be on disk, or a mark could be lost that others rely on.
        database->run("set idle_in_transaction_session_timeout = '5min';"
                      "set statement_timeout = '30s'; set synchronous_commit = on");
        return database;
    }

    /// Sends what is due, batch after batch. \throws AdminError
    void empty(AdminConnection &database) const
    {
        std::unique_ptr<AdminConnection> flusher;
        while (!stop_.requested() && run_batch(database, flusher)) {
        }
    }

    /// Milliseconds until something is due, a minute at most. \throws AdminError
    static int wait_ms(AdminConnection &database)
    {
        const auto wait = database.value("select least(smartflow_api.deliver_wait_ms(), $1)",
                                         {std::to_string(slow_poll_ms)});
        return wait ? std::stoi(*wait) : slow_poll_ms;
    }

private:
    std::string version_;
    const StopSignal &stop_;
    std::string url_;
    OutboundRules rules_;
    std::optional<std::string> key_;
    std::optional<Mailbox> from_;

    /// \param flusher waits for the disk; made when there is something to send
    /// \returns whether there was anything
    bool run_batch(AdminConnection &database, std::unique_ptr<AdminConnection> &flusher) const
    {
        database.run("begin");
        std::vector<Delivery> batch;
        for (const auto &row :
             database.rows("select id, event, channel, target, subject, content"
                           "  from smartflow_api.deliver_claim($1, $2)",
                           {std::to_string(rows_a_batch), std::to_string(rows_a_target)})) {
            const auto text = [&](std::size_t column) { return row.at(column).value_or(""); };
            batch.push_back({text(0), text(1), text(2), text(3), text(4), text(5)});
        }
        if (!batch.empty()) {
            // What led to it may not be on disk yet (publish_released), and mustn't be told of
            // before.
            flusher = flusher ? std::move(flusher) : connect();
            flusher->run("select smartflow_api.any_flush()");
        }
        const std::vector<SendResult> results = send(batch);
        for (std::size_t i = 0; i < batch.size(); ++i) {
            if (results[i].known) {
                mark(database, batch[i], results[i]);
            }
        }
        database.run("commit");
        return !batch.empty();
    }

    std::vector<SendResult> send(const std::vector<Delivery> &batch) const
    {
        std::vector<SendResult> results(batch.size());
        std::vector<Sending> sendings;
        std::vector<std::size_t> places;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const auto prepared = prepare(batch[i]);
            if (const auto *refusal = std::get_if<Untriable>(&prepared)) {
                results[i] = {true, std::nullopt, refusal->error, true, 0};
            } else {
                sendings.push_back(std::get<Sending>(prepared));
                places.push_back(i);
            }
        }
        if (!sendings.empty()) {
            const auto sent = send_all(sendings, rules_, stop_.descriptor());
            for (std::size_t i = 0; i < sent.size(); ++i) {
                results[places[i]] = sent[i];
            }
        }
        return results;
    }

    std::variant<Sending, Untriable> prepare(const Delivery &delivery) const
    {
        const std::int64_t now = std::time(nullptr);
        if (delivery.channel == "webhook") {
            if (!key_) {
                return Untriable{"WEBHOOK_SECRET is not set."};
            }
            if (url_host(delivery.target).empty()) {
                return Untriable{"The address can't be used."};
            }
            return Sending(
                WebhookPost{delivery.target,
                            webhook_headers(*key_, delivery.event, now, delivery.content, version_),
                            delivery.content});
        }
        if (rules_.smtp_url.empty()) {
            return Untriable{"SMTP_URL is not set."};
        }
        if (!from_) {
            return Untriable{"MAIL_FROM is not set."};
        }
        if (!is_mail_address(delivery.target)) {
            return Untriable{"The address can't be used."};
        }
        return Sending(MailSubmission{from_->address, delivery.target,
                                      message_of({*from_, delivery.target, delivery.subject,
                                                  delivery.content, delivery.event},
                                                 now)});
    }

    static void mark(AdminConnection &database, const Delivery &delivery, const SendResult &result)
    {
        using Value = AdminConnection::Value;
        const Value status = result.status ? Value(std::to_string(*result.status)) : Value();
        const Value error = result.error.empty() ? Value() : Value(result.error);
        database.rows("select smartflow_api.deliver_result($1, $2, $3, $4, $5)",
                      {delivery.id, status, error, result.permanent ? "true" : "false",
                       std::to_string(result.duration_ms)});
        const bool mail = delivery.channel == "email";
        log_attempt({delivery.id, delivery.event, delivery.channel,
                     mail ? mail_domain(delivery.target) : url_host(delivery.target),
                     result.status.value_or(0), result.duration_ms, result.error});
    }
};

/// Works on one connection until the program is to end. \throws AdminError
void follow(const Deliverer &deliverer, AdminConnection &database, const StopSignal &stop,
            int &backoff_ms)
{
    database.run("listen smartflow_outbox"); // before the first look, so that nothing is missed
    while (true) {
        deliverer.empty(database);
        backoff_ms = shortest_backoff_ms;
        if (stop.requested()) {
            return;
        }
        database.wait_for_notification(std::max(busy_poll_ms, Deliverer::wait_ms(database)),
                                       stop.descriptor());
    }
}

/// The same for what has to be done beside.
void keep_house(AdminConnection &database, const StopSignal &stop, int &backoff_ms)
{
    Housekeeper housekeeper;
    do {
        housekeeper.turn(database, stop);
        backoff_ms = shortest_backoff_ms;
    } while (!stop.wait(Housekeeper::pause_ms));
}

/// Works on, through everything that may happen to the connection.
/// \param work takes a connection, and the pause before the next one, to be set back when all is
///             well
void work_on(const Deliverer &deliverer, const StopSignal &stop,
             const std::function<void(AdminConnection &, int &)> &work)
{
    int backoff_ms = shortest_backoff_ms;
    while (!stop.requested()) {
        try {
            work(*deliverer.connect(), backoff_ms);
        } catch (const std::exception &error) {
            log_error("deliver", error.what());
            stop.wait(backoff_ms);
            backoff_ms = std::min(backoff_ms * 2, longest_backoff_ms);
        }
    }
}

using Works = std::vector<std::function<void()>>;

/// Several at once. What one throws is thrown when all have ended.
void work_together(const Works &works)
{
    std::vector<std::future<void>> all;
    for (const std::function<void()> &work : works) {
        all.push_back(std::async(std::launch::async, work));
    }
    for (std::future<void> &one : all) {
        one.wait();
    }
    for (std::future<void> &one : all) {
        one.get();
    }
}

} // namespace

void deliver_due(const Settings &settings, const std::string &version)
{
    const StopSignal stop;
    const Deliverer deliverer(settings, version, stop);
    const auto database = deliverer.connect();
    if (Deliverer::wait_ms(*database) == 0) {
        work_together(Works(workers, [&] { deliverer.empty(*deliverer.connect()); }));
    }
    Housekeeper().turn(*database, stop);
}

void deliver_following(const Settings &settings, const std::string &version)
{
    const StopSignal stop;
    const Deliverer deliverer(settings, version, stop);
    Works works(workers, [&] {
        work_on(deliverer, stop, [&](AdminConnection &database, int &backoff_ms) {
            follow(deliverer, database, stop, backoff_ms);
        });
    });
    works.emplace_back([&] {
        work_on(deliverer, stop, [&](AdminConnection &database, int &backoff_ms) {
            keep_house(database, stop, backoff_ms);
        });
    });
    tell_service_manager("READY=1");
    work_together(works);
}

} // namespace smartflow

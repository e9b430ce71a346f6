// Groups without a database: the pool makes a connection only when one is asked for it.

#include "database_gathering.hpp"
#include "error.hpp"
#include "settings.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <future>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace smartflow;

namespace {

/// One group at once unless told otherwise; of those who come meanwhile as many may wait as half
/// of the threads.
class Rush
{
public:
    using Group = std::vector<Gathering::Seat *>;

    explicit Rush(std::size_t most_seats,
                  std::chrono::milliseconds patience = std::chrono::minutes(5),
                  std::size_t most_groups = 1, bool remembers = false)
        : pool_("", settings(), {}), gathering_(pool_, most_groups, most_seats, remembers, patience)
    {}

    /// Somebody asks; \returns what he is answered, `alone` where he has to ask himself.
    std::future<std::string> ask(const std::string &what, const std::string &wanted = "the same")
    {
        return std::async(std::launch::async, [this, what, wanted] {
            Arguments arguments;
            arguments.input = what;
            Gathering::Seat seat(wanted, function_, arguments);
            gathering_.serve(seat, [this](auto &, const Group &group) { serve(group); });
            if (seat.failure) {
                std::rethrow_exception(seat.failure);
            }
            const auto *reply = std::get_if<Reply>(&seat.outcome);
            return reply ? *reply->body : "alone";
        });
    }

    /// Until so many wait. \throws std::runtime_error where they don't
    void wait_until(std::size_t waiting)
    {
        for (int looks = 0; gathering_.waiting() != waiting; ++looks) {
            if (looks == 30'000) {
                throw std::runtime_error("they don't wait");
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    /// "first", who is held, and those who come meanwhile, until all of them wait.
    std::vector<std::future<std::string>> ask_meanwhile(const std::vector<std::string> &others)
    {
        std::vector<std::future<std::string>> asked;
        asked.push_back(ask("first"));
        wait_until_served();
        for (const std::string &what : others) {
            asked.push_back(ask(what));
        }
        wait_until(others.size());
        return asked;
    }

    /// Until the group of that leader is being served.
    void wait_until_served(const std::string &leader = "first")
    {
        held_.at(leader).begun.get_future().wait();
    }

    /// The groups of these leaders wait for it; others don't.
    void release(const std::string &leader = "first") { held_.at(leader).released.set_value(); }

    std::vector<std::size_t> groups; ///< their sizes

private:
    struct Held {
        std::promise<void> begun;
        std::promise<void> released;
    };

    static Settings settings()
    {
        Settings given;
        given.threads = 12;
        given.database_connections = 3;
        given.statement_timeout_s = 30;
        return given;
    }

    void serve(const Group &group)
    {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            groups.push_back(group.size());
        }
        const auto held = held_.find(group.front()->arguments.input);
        if (held != held_.end()) {
            held->second.begun.set_value();
            held->second.released.get_future().wait_for(
                std::chrono::seconds(30)); // a test may fail
        }
        for (Gathering::Seat *seat : group) {
            const std::string &what = seat->arguments.input;
            if (what == "fail") {
                throw std::runtime_error("failed");
            }
            if (what != "alone") {
                Reply reply;
                reply.body = "to " + what;
                seat->outcome = std::move(reply);
            }
        }
    }

    std::string function_ = "orders_create";
    DatabasePool pool_;
    Gathering gathering_;
    std::map<std::string, Held> held_ = [] {
        std::map<std::string, Held> held;
        for (const char *leader : {"first", "second", "third", "fourth"}) {
            held[leader];
        }
        return held;
    }();
    std::mutex mutex_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(gathering)

BOOST_AUTO_TEST_CASE(those_who_come_meanwhile_are_one_group_and_each_has_his_own_answer)
{
    Rush rush(8);
    auto asked = rush.ask_meanwhile({"a", "b", "alone", "c"});
    rush.release();
    for (const std::string answer : {"to first", "to a", "to b", "alone", "to c"}) {
        BOOST_TEST(asked.front().get() == answer);
        asked.erase(asked.begin());
    }
    BOOST_TEST(rush.groups == (std::vector<std::size_t>{1, 4}));
}

BOOST_AUTO_TEST_CASE(a_group_takes_no_more_than_it_has_seats)
{
    Rush rush(3);
    auto asked = rush.ask_meanwhile({"a", "b", "c", "d"});
    rush.release();
    for (auto &one : asked) {
        BOOST_TEST(one.get().substr(0, 3) == "to ");
    }
    BOOST_TEST(rush.groups == (std::vector<std::size_t>{1, 3, 1}));
}

BOOST_AUTO_TEST_CASE(who_wants_something_else_neither_waits_nor_is_taken_along)
{
    Rush rush(8);
    auto asked = rush.ask_meanwhile({"other"});
    BOOST_TEST(rush.ask("stranger", "something else").get() == "to stranger");
    rush.release();
    BOOST_TEST(asked[0].get() == "to first");
    BOOST_TEST(asked[1].get() == "to other");
    BOOST_TEST(rush.groups == (std::vector<std::size_t>{1, 1, 1}));
}

BOOST_AUTO_TEST_CASE(beside_a_large_group_no_smaller_one_begins)
{
    Rush rush(8, std::chrono::minutes(5), 2);
    auto first = rush.ask("first");
    rush.wait_until_served("first");
    auto second = rush.ask("second"); // beside one alone anybody may
    rush.wait_until_served("second");
    std::vector<std::future<std::string>> three;
    for (const std::string what : {"third", "a", "b"}) {
        three.push_back(rush.ask(what));
        rush.wait_until(three.size());
    }
    rush.release("first");
    rush.wait_until_served("third");
    rush.release("second");
    BOOST_TEST(second.get() == "to second");
    auto c = rush.ask("c");
    rush.wait_until(1);
    auto d = rush.ask("d");
    rush.wait_until(2);
    BOOST_TEST(rush.ask("e").get() == "to e"); // with them it is as large
    BOOST_TEST(c.get() == "to c");
    BOOST_TEST(d.get() == "to d");
    auto f = rush.ask("f");
    rush.wait_until(1);
    rush.release("third");
    BOOST_TEST(f.get() == "to f"); // beside none anybody may
    BOOST_TEST(rush.groups == (std::vector<std::size_t>{1, 1, 3, 3, 1}));
}

/// Two groups of one, one of three; then nobody is there, and then "fourth" is under way, alone.
std::vector<std::future<std::string>> rush_and_come_again(Rush &rush)
{
    std::vector<std::future<std::string>> asked;
    for (const std::string leader : {"first", "second"}) {
        asked.push_back(rush.ask(leader));
        rush.wait_until_served(leader);
    }
    for (const std::string what : {"third", "a", "b"}) {
        asked.push_back(rush.ask(what));
        rush.wait_until(asked.size() - 2);
    }
    rush.release("first");
    rush.wait_until_served("third");
    rush.release("second");
    rush.release("third");
    for (auto &one : asked) {
        one.wait();
    }
    asked.push_back(rush.ask("fourth")); // beside none anybody may
    rush.wait_until_served("fourth");
    return asked;
}

BOOST_AUTO_TEST_CASE(after_a_rush_the_next_group_but_one_waits_to_be_nearly_as_large)
{
    Rush rush(8, std::chrono::minutes(5), 2, true);
    auto asked = rush_and_come_again(rush);
    auto c = rush.ask("c");
    rush.wait_until(1);
    BOOST_TEST(rush.ask("d").get() == "to d");
    BOOST_TEST(c.get() == "to c");
    rush.release("fourth");
    BOOST_TEST(asked.back().get() == "to fourth");
    BOOST_TEST(rush.groups == (std::vector<std::size_t>{1, 1, 3, 1, 2}));
}

BOOST_AUTO_TEST_CASE(what_anybody_may_want_is_forgotten_with_the_last_group)
{
    Rush rush(8, std::chrono::minutes(5), 2, false);
    auto asked = rush_and_come_again(rush);
    auto c = rush.ask("c"); // who is held is released after 30 s at the latest
    const bool at_once = c.wait_for(std::chrono::seconds(15)) == std::future_status::ready;
    BOOST_TEST(at_once);
    rush.release("fourth");
    BOOST_TEST(asked.back().get() == "to fourth");
}

BOOST_AUTO_TEST_CASE(who_finds_no_room_to_wait_is_refused)
{
    Rush rush(8);
    auto asked = rush.ask_meanwhile(std::vector<std::string>(6, "other"));
    BOOST_CHECK_EXCEPTION(rush.ask("too many").get(), Error,
                          [](const Error &error) { return error.status() == 503; });
    rush.release();
    for (auto &one : asked) {
        BOOST_TEST(one.get().substr(0, 3) == "to ");
    }
}

BOOST_AUTO_TEST_CASE(what_fails_fails_for_all_of_the_group_who_have_no_answer_yet)
{
    Rush rush(8);
    std::vector<std::future<std::string>> asked;
    asked.push_back(rush.ask("first"));
    rush.wait_until_served();
    for (const std::string what : {"a", "fail", "b", "c"}) {
        asked.push_back(rush.ask(what));
        rush.wait_until(asked.size() - 1);
    }
    rush.release();
    BOOST_TEST(asked[0].get() == "to first");
    BOOST_TEST(asked[1].get() == "to a");
    for (std::size_t i = 2; i < asked.size(); ++i) {
        BOOST_CHECK_THROW(asked[i].get(), std::runtime_error);
    }
    BOOST_TEST(rush.ask("later").get() == "to later");
}

BOOST_AUTO_TEST_CASE(who_waits_while_no_group_is_served_goes_alone)
{
    Rush rush(8, std::chrono::milliseconds(20));
    auto first = rush.ask("first");
    rush.wait_until_served();
    BOOST_TEST(rush.ask("other").get() == "alone");
    rush.release();
    BOOST_TEST(first.get() == "to first");
    BOOST_TEST(rush.ask("later").get() == "to later");
}

BOOST_AUTO_TEST_SUITE_END()

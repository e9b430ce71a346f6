#include "json.hpp"
#include "migrate.hpp"
#include "scenario.hpp"
#include "temporary_database.hpp"

#define BOOST_TEST_NO_MAIN
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <list>
#include <mutex>
#include <sstream>

namespace smartflow {
namespace {

namespace test = boost::unit_test;
using Path = std::filesystem::path;

std::string variable(const char *name, const std::string &otherwise = "")
{
    const char *value = std::getenv(name);
    return value == nullptr || *value == '\0' ? otherwise : value;
}

std::string needed(const char *name)
{
    std::string value = variable(name);
    if (value.empty()) {
        throw std::runtime_error(std::string(name) + " must be set");
    }
    return value;
}

/// A way and the shop behind it.
struct Lane {
    std::unique_ptr<Way> way;
    Shop *shop;
};

/// Everything that lasts for the whole run. $TEST_WAYS says which ways: all three by default.
class Lanes
{
public:
    Lanes()
    {
        std::istringstream wanted(variable("TEST_WAYS", "dispatch cgi http"));
        for (std::string name; wanted >> name;) {
            if (name == "http") {
                Shop &shop = shops_.emplace_back(needed("TEST_HTTP_DATABASE_URL"));
                lanes_.push_back(
                    {http_way(needed("TEST_URL"), variable("TEST_SERVER", "nginx")), &shop});
            } else {
                lanes_.push_back(local_lane(name));
            }
        }
        if (const std::string file = variable("TEST_TRANSCRIPT"); !file.empty()) {
            transcript_.open(file, std::ios::app);
        }
    }

    std::vector<Lane> &all() { return lanes_; }

    /// Adds a line of JSON to $TEST_TRANSCRIPT.
    void note(const char *way, const WireRequest &request, const WireResponse &response)
    {
        if (!transcript_.is_open()) {
            return;
        }
        std::string line = "{\"way\":" + json_string(way) +
                           ",\"method\":" + json_string(request.method) +
                           ",\"path\":" + json_string(request.target) +
                           ",\"requestBody\":" + json_string(readable(request.body)) +
                           ",\"status\":" + std::to_string(response.status) + ",\"headers\":{";
        for (const auto &[name, value] : response.headers) {
            line += (line.back() == '{' ? "" : ",") + json_string(name) + ":" + json_string(value);
        }
        const std::lock_guard<std::mutex> lock(noting_);
        transcript_ << line + "},\"body\":" + json_string(response.body) + "}\n";
    }

private:
    /// A way without a web server, with a new database of its own.
    Lane local_lane(const std::string &name)
    {
        const TemporaryDatabase &database = databases_.emplace_back();
        migrate(database.url(), embedded_sql(), [](const std::string &) {});
        Shop &shop = shops_.emplace_back(database.url());
        const std::string url = database.url("smartflow_{family}");
        if (name == "dispatch") {
            return {dispatch_way(url), &shop};
        }
        if (name == "cgi") {
            return {cgi_way(url, PROGRAMS_DIR), &shop};
        }
        throw std::runtime_error("TEST_WAYS: there is no way " + name);
    }

    /// A body as far as JSON can hold it.
    static std::string readable(std::string text)
    {
        std::replace_if(
            text.begin(), text.end(), [](unsigned char c) { return c == 0 || c >= 0x80; }, '?');
        return text;
    }

    std::list<TemporaryDatabase> databases_;
    std::list<Shop> shops_;
    std::vector<Lane> lanes_;
    std::mutex noting_;
    std::ofstream transcript_;
};

Lanes &lanes()
{
    static Lanes all;
    return all;
}

/// Says where the answers of two ways differ.
void compare(const std::string &file, const Course &one, const char *name, const Course &other,
             const char *other_name)
{
    for (std::size_t i = 0; i < std::min(one.answers.size(), other.answers.size()); ++i) {
        BOOST_CHECK_MESSAGE(one.answers[i] == other.answers[i],
                            file << ", answer " << i + 1 << ", by " << name << ":\n"
                                 << one.answers[i] << "\nby " << other_name << ":\n"
                                 << other.answers[i]);
    }
}

/// Plays a scenario on every way, all at once, and compares what came back.
void check(const Scenario &scenario, const std::string &file)
{
    std::vector<std::future<Course>> running;
    for (Lane &lane : lanes().all()) {
        running.push_back(std::async(std::launch::async, [&scenario, &lane] {
            return play(scenario, *lane.way, *lane.shop,
                        [&](const auto &request, const auto &response) {
                            lanes().note(lane.way->name(), request, response);
                        });
        }));
    }
    std::vector<Course> courses;
    for (std::future<Course> &course : running) {
        courses.push_back(course.get());
        const char *name = lanes().all()[courses.size() - 1].way->name();
        const std::string &failure = courses.back().failure;
        BOOST_CHECK_MESSAGE(failure.empty(), file << ", by " << name << ", " << failure);
        compare(file, courses.back(), name, courses.front(), lanes().all().front().way->name());
    }
}

std::string test_name(std::string sentence)
{
    std::replace_if(
        sentence.begin(), sentence.end(),
        [](char c) { return std::string_view(" ,/:*!@+'").find(c) != std::string_view::npos; },
        '_');
    return sentence;
}

/// A suite for each file, a test for each scenario.
void add_cases(const Path &path)
{
    std::ifstream stream(path);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const std::string file = path.filename().string();
    auto *suite = BOOST_TEST_SUITE(path.stem().string());
    try {
        for (const Scenario &scenario : parse_cases(text)) {
            suite->add(test::make_test_case([scenario, file] { check(scenario, file); },
                                            test_name(scenario.name), file,
                                            static_cast<std::size_t>(scenario.line)));
        }
    } catch (const std::exception &error) {
        throw test::framework::setup_error(file + ", " + error.what());
    }
    test::framework::master_test_suite().add(suite);
}

/// Those of $TEST_CASES, by default the folder that this stands in.
bool add_all_cases()
{
    std::vector<Path> files;
    for (const auto &entry :
         std::filesystem::directory_iterator(variable("TEST_CASES", CASES_DIR))) {
        if (entry.path().extension() == ".case") {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    std::for_each(files.begin(), files.end(), add_cases);
    return true;
}

} // namespace
} // namespace smartflow

int main(int argc, char **argv)
{
    return boost::unit_test::unit_test_main(&smartflow::add_all_cases, argc, argv);
}

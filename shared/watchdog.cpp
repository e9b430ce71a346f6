#include "watchdog.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <system_error>

namespace smartflow {

namespace {

constexpr auto between_two_looks = std::chrono::seconds(1);

} // namespace

void Watchdog::Watch::begin(int socket, Clock::time_point deadline)
{
    const std::lock_guard<std::mutex> lock(dog_.mutex_);
    if (socket_ < 0) {
        dog_.watched_.push_back(this);
    }
    socket_ = socket;
    deadline_ = deadline;
}

void Watchdog::Watch::end()
{
    const std::lock_guard<std::mutex> lock(dog_.mutex_);
    if (socket_ >= 0) {
        socket_ = -1;
        dog_.watched_.erase(std::find(dog_.watched_.begin(), dog_.watched_.end(), this));
    }
}

Watchdog::Watchdog()
{
    try {
        looking_ = std::thread([this] { look_now_and_then(); });
    } catch (const std::system_error &) {
        // A host that allows no further thread: requests are answered all the same.
    }
}

Watchdog::~Watchdog()
{
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        ending_ = true;
    }
    ended_.notify_one();
    if (looking_.joinable()) {
        looking_.join();
    }
}

void Watchdog::look_now_and_then()
{
    std::unique_lock<std::mutex> lock(mutex_);
    while (!ended_.wait_for(lock, between_two_looks, [&] { return ending_; })) {
        const auto now = Clock::now();
        for (Watch *watch : watched_) {
            if (now >= watch->deadline_) {
                watch->overdue_ = true;
                ::shutdown(watch->socket_, SHUT_RDWR);
            }
        }
    }
}

} // namespace smartflow

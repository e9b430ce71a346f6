#include "stop_signal.hpp"

#include <cerrno>
#include <cstring>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/signalfd.h>
#include <unistd.h>

namespace smartflow {

StopSignal::StopSignal()
{
    sigset_t signals{};
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
    descriptor_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor_ < 0) {
        throw std::runtime_error(std::string("signalfd: ") + std::strerror(errno));
    }
}

StopSignal::~StopSignal()
{
    // What it has seen is dealt with; left pending, it would end the program once let through.
    signalfd_siginfo seen{};
    while (::read(descriptor_, &seen, sizeof seen) > 0) {
    }
    ::close(descriptor_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool StopSignal::wait(int timeout_ms) const noexcept
{
    // The signal is never taken, so it can still be seen by everyone who looks later.
    pollfd waited{descriptor_, POLLIN, 0};
    return ::poll(&waited, 1, timeout_ms) > 0;
}

} // namespace smartflow

#ifndef SMARTFLOW_TESTS_GROWTH_HPP
#define SMARTFLOW_TESTS_GROWTH_HPP

#include <algorithm>
#include <ctime>

/// How much more of the processor some work takes for four times as much: 4 where the cost is in
/// proportion, 16 where each is compared with each. The least of three counts, so that what else
/// the machine does hardly matters. \param work takes how much to do; that it takes some
/// milliseconds at least is up to the caller
template <typename Work>
double growth(int size, const Work &work)
{
    const auto cost = [&](int amount) {
        std::clock_t least = 0;
        for (int i = 0; i < 3; ++i) {
            const std::clock_t start = std::clock();
            work(amount);
            const std::clock_t took = std::max<std::clock_t>(std::clock() - start, 1);
            least = least == 0 ? took : std::min(least, took);
        }
        return static_cast<double>(least);
    };
    return cost(4 * size) / cost(size);
}

#endif

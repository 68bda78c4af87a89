// SPDX-License-Identifier: Apache-2.0
//
// The text of a scrape: families of series in the order in which they were added, in Prometheus' text format. It is prometheus-cpp's
// serialiser behind the few calls that the daemon needs. A family may get many series; a name is added once. Values; one thread.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace namegate::daemon {

inline constexpr const char* kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

// Names and values of labels. Values may come from pods: control characters and bytes that are not UTF-8 are escaped, because
// Prometheus drops a whole scrape for one of them.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

class MetricSeries {
  public:
    MetricSeries(std::string name, std::string_view help, prometheus::MetricType type);

    void add(double value, const MetricLabels& labels = {});
    // A histogram of prometheus-cpp.
    void add(prometheus::ClientMetric histogram, const MetricLabels& labels);
    prometheus::MetricFamily take() { return std::move(family_); }

  private:
    prometheus::MetricFamily family_;
};

class Exposition {
  public:
    void gauge(const std::string& name, std::string_view help, double value, const MetricLabels& labels = {});
    void counter(const std::string& name, std::string_view help, double value, const MetricLabels& labels = {});
    void add(MetricSeries series) { families_.push_back(series.take()); }
    std::string text() const;

  private:
    std::vector<prometheus::MetricFamily> families_;
};

}  // namespace namegate::daemon

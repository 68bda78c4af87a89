// SPDX-License-Identifier: Apache-2.0
#include "daemon/metrics/exposition.h"

#include <prometheus/text_serializer.h>

#include "base/printable.h"

namespace namegate::daemon {

namespace {

prometheus::ClientMetric labelled(prometheus::ClientMetric metric, const MetricLabels& labels) {
    for (const auto& [name, value] : labels) {
        metric.label.push_back({name, printable(value)});
    }
    return metric;
}

}  // namespace

MetricSeries::MetricSeries(std::string name, std::string_view help, prometheus::MetricType type) {
    family_.name = std::move(name);
    family_.help = help;
    family_.type = type;
}

void MetricSeries::add(double value, const MetricLabels& labels) {
    prometheus::ClientMetric metric;
    if (family_.type == prometheus::MetricType::Counter) {
        metric.counter.value = value;
    } else {
        metric.gauge.value = value;
    }
    family_.metric.push_back(labelled(std::move(metric), labels));
}

void MetricSeries::add(prometheus::ClientMetric histogram, const MetricLabels& labels) {
    family_.metric.push_back(labelled(std::move(histogram), labels));
}

void Exposition::gauge(const std::string& name, std::string_view help, double value, const MetricLabels& labels) {
    MetricSeries series(name, help, prometheus::MetricType::Gauge);
    series.add(value, labels);
    add(std::move(series));
}

void Exposition::counter(const std::string& name, std::string_view help, double value, const MetricLabels& labels) {
    MetricSeries series(name, help, prometheus::MetricType::Counter);
    series.add(value, labels);
    add(std::move(series));
}

std::string Exposition::text() const { return prometheus::TextSerializer().Serialize(families_); }

}  // namespace namegate::daemon

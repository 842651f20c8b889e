// Batch norm, the sum with a shortcut, and ReLU, forward and backward, for f32 and f64 maps in channels-last memory on the CPU. libtorch
// does them one after the other, each with a pass or two over memory of its own; here the forward pass reads a map twice and writes it
// once. Sums run over blocks of rows of a fixed length, which are added up in order: the number of threads changes no bit.
#include "norm.h"

#include "norm_kernels.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <vector>

namespace {
using namespace mmt;
using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Values that a flat loop handles at once, at least: channels are repeated to that length.
constexpr int64_t SPAN = 256;

// A map as rows of channels.
struct Shape {
    int64_t rows, channels;
    // Rows whose sums are taken in the map's own kind before they are added up as doubles: few enough to stay in the cache.
    int64_t block() const { return std::max<int64_t>(16, std::min<int64_t>(128, 8192 / channels)); }
    int64_t blocks() const { return (rows + block() - 1) / block(); }
};

// `values` of each channel as T, repeated until they fill a span.
template <typename T>
std::vector<T> repeated(const std::vector<double> &values) {
    int64_t channels = static_cast<int64_t>(values.size()), times = std::max<int64_t>(1, SPAN / channels);
    std::vector<T> result;
    result.reserve(channels * times);
    for (int64_t i = 0; i < times; ++i)
        for (double value : values) result.push_back(static_cast<T>(value));
    return result;
}

std::vector<double> doubles(const Tensor &tensor) {
    Tensor flat = tensor.detach().to(at::kDouble).contiguous();
    return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

// Calls `one(first value, count)` for spans of the map's values that begin with channel 0.
template <typename F>
void by_span(Shape shape, int64_t span, const F &one) {
    int64_t all = shape.rows * shape.channels, spans = (all + span - 1) / span;
    at::parallel_for(0, spans, std::max<int64_t>(1, 16384 / span), [&](int64_t begin, int64_t end) {
        for (int64_t at = begin * span; at < std::min(all, end * span); at += span) one(at, std::min(span, all - at));
    });
}

// Two values of each channel over all rows, from those of the blocks: `block(number, first row, rows, first, second)`.
template <typename F>
std::vector<double> by_block(Shape shape, const F &block) {
    std::vector<double> parts(shape.blocks() * shape.channels * 2);
    at::parallel_for(0, shape.blocks(), std::max<int64_t>(1, 128 / shape.channels), [&](int64_t begin, int64_t end) {
        for (int64_t at = begin; at < end; ++at) {
            double *first = parts.data() + at * shape.channels * 2;
            block(at * shape.block(), std::min(shape.block(), shape.rows - at * shape.block()), first, first + shape.channels);
        }
    });
    return parts;
}

struct Moments {
    std::vector<double> mean, variance;
};

template <typename T>
Moments batch_moments(const T *x, Shape shape) {
    auto parts = by_block(shape, [&](int64_t row, int64_t rows, double *mean, double *squares) {
        moments(x + row * shape.channels, rows, shape.channels, mean, squares);
    });
    Moments all{std::vector<double>(shape.channels), std::vector<double>(shape.channels)};
    for (int64_t at = 0; at < shape.blocks(); ++at) {
        int64_t first = at * shape.block();
        double before = static_cast<double>(first);
        double rows = static_cast<double>(std::min(shape.block(), shape.rows - first));
        const double *mean = parts.data() + at * shape.channels * 2, *squares = mean + shape.channels;
        for (int64_t c = 0; c < shape.channels; ++c) {
            double apart = mean[c] - all.mean[c];
            all.mean[c] += apart * rows / (before + rows);
            all.variance[c] += squares[c] + apart * apart * before * rows / (before + rows);
        }
    }
    for (double &value : all.variance) value /= static_cast<double>(shape.rows);
    return all;
}

Shape shape_of(const Tensor &x) { return {x.size(0) * x.size(2) * x.size(3), x.size(1)}; }

void move_running(const Tensor &running, const std::vector<double> &values, double factor, double momentum) {
    AT_DISPATCH_FLOATING_TYPES(running.scalar_type(), "running statistics", [&] {
        auto *data = running.data_ptr<scalar_t>();
        for (size_t c = 0; c < values.size(); ++c)
            data[c] = static_cast<scalar_t>((1 - momentum) * data[c] + momentum * factor * values[c]);
    });
}

// `vector` per channel as a double tensor, for the backward pass.
Tensor kept(const std::vector<double> &vector) {
    Tensor tensor = at::empty({static_cast<int64_t>(vector.size())}, at::kDouble);
    std::copy(vector.begin(), vector.end(), tensor.data_ptr<double>());
    return tensor;
}

struct FusedNorm : torch::autograd::Function<FusedNorm> {
    static Tensor forward(AutogradContext *context, const Tensor &input, const Tensor &weight, const Tensor &bias,
                          const std::optional<Tensor> &shortcut, const Tensor *running_mean, const Tensor *running_var, bool training,
                          bool relu, double momentum, double epsilon) {
        Tensor x = input.contiguous(at::MemoryFormat::ChannelsLast), y = at::empty_like(x);
        Tensor other = shortcut ? shortcut->contiguous(at::MemoryFormat::ChannelsLast) : Tensor();
        Shape shape = shape_of(x);
        AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "fused batch norm", [&] {
            const auto *data = x.const_data_ptr<scalar_t>();
            Moments moments = training ? batch_moments(data, shape) : Moments{doubles(*running_mean), doubles(*running_var)};
            if (training && running_mean) {
                double rows = static_cast<double>(shape.rows);
                move_running(*running_mean, moments.mean, 1, momentum);
                move_running(*running_var, moments.variance, rows / (rows - 1), momentum);
            }
            auto scale = doubles(weight), shift = doubles(bias), inverse = moments.variance;
            for (int64_t c = 0; c < shape.channels; ++c) {
                inverse[c] = 1 / std::sqrt(moments.variance[c] + epsilon);
                scale[c] *= inverse[c];
                // What is lost where the mean is rounded to the map's kind.
                shift[c] += (static_cast<double>(static_cast<scalar_t>(moments.mean[c])) - moments.mean[c]) * scale[c];
            }
            auto means = repeated<scalar_t>(moments.mean), scales = repeated<scalar_t>(scale), shifts = repeated<scalar_t>(shift);
            const auto *more = other.defined() ? other.const_data_ptr<scalar_t>() : nullptr;
            auto *out = y.data_ptr<scalar_t>();
            by_span(shape, static_cast<int64_t>(scales.size()), [&](int64_t at, int64_t count) {
                forward_span(data + at, more ? more + at : nullptr, out + at, means.data(), scales.data(), shifts.data(), count,
                             relu);
            });
            context->saved_data["mean"] = kept(moments.mean);
            context->saved_data["inverse"] = kept(inverse);
        });
        context->saved_data["training"] = training;
        context->saved_data["relu"] = relu;
        context->saved_data["shortcut"] = shortcut.has_value();
        context->save_for_backward({x, weight, relu ? y : Tensor()});
        return y;
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        auto saved = context->get_saved_variables();
        Tensor x = saved[0], weight = saved[1], y = saved[2];
        Tensor g = gradients[0].contiguous(at::MemoryFormat::ChannelsLast), dx = at::empty_like(x);
        bool relu = y.defined(), keep = relu && context->saved_data["shortcut"].toBool();
        Tensor behind = keep ? at::empty_like(x) : Tensor(), sum, product;
        auto mean = doubles(context->saved_data["mean"].toTensor());
        auto inverse = doubles(context->saved_data["inverse"].toTensor());
        bool training = context->saved_data["training"].toBool();
        Shape shape = shape_of(x);
        AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "fused batch norm", [&] {
            const auto *data = x.const_data_ptr<scalar_t>(), *above = g.const_data_ptr<scalar_t>();
            const auto *out = relu ? y.const_data_ptr<scalar_t>() : nullptr;
            auto *left = keep ? behind.data_ptr<scalar_t>() : nullptr;
            std::vector<scalar_t> centre(mean.begin(), mean.end());
            auto parts = by_block(shape, [&](int64_t row, int64_t rows, double *first, double *second) {
                int64_t at = row * shape.channels;
                if (keep)
                    sums_kept(data + at, out + at, above + at, left + at, centre.data(), rows, shape.channels, first, second);
                else if (relu)
                    sums_relu(data + at, out + at, above + at, centre.data(), rows, shape.channels, first, second);
                else
                    sums_plain(data + at, above + at, centre.data(), rows, shape.channels, first, second);
            });
            std::vector<double> sums(shape.channels), products(shape.channels);
            for (int64_t at = 0; at < shape.blocks(); ++at)
                for (int64_t c = 0; c < shape.channels; ++c) {
                    sums[c] += parts[at * shape.channels * 2 + c];
                    products[c] += parts[(at * 2 + 1) * shape.channels + c];
                }
            auto a = doubles(weight), b = a, d = a;
            for (int64_t c = 0; c < shape.channels; ++c) {
                // The centre is the mean as the map's kind holds it; the products are taken around the mean itself.
                products[c] += sums[c] * (static_cast<double>(centre[c]) - mean[c]);
                a[c] *= inverse[c];
                double share = training ? 1.0 / static_cast<double>(shape.rows) : 0.0;
                b[c] = -a[c] * inverse[c] * inverse[c] * products[c] * share;
                d[c] = -a[c] * sums[c] * share + b[c] * (static_cast<double>(centre[c]) - mean[c]);
                products[c] *= inverse[c];
            }
            auto means = repeated<scalar_t>(mean), as = repeated<scalar_t>(a), bs = repeated<scalar_t>(b), ds = repeated<scalar_t>(d);
            auto *into = dx.data_ptr<scalar_t>();
            const auto *from = keep ? left : above;
            const auto *mask = keep ? nullptr : out;
            by_span(shape, static_cast<int64_t>(as.size()), [&](int64_t at, int64_t count) {
                backward_span(data + at, mask ? mask + at : nullptr, from + at, into + at, means.data(), as.data(), bs.data(), ds.data(),
                              count);
            });
            sum = kept(sums).to(x.scalar_type());
            product = kept(products).to(x.scalar_type());
        });
        Tensor to_shortcut = keep ? behind : context->saved_data["shortcut"].toBool() ? g : Tensor();
        return {dx, product, sum, to_shortcut, {}, {}, {}, {}, {}, {}};
    }
};
}  // namespace

at::Tensor mmt::fused_norm(const Tensor &x, const Tensor &weight, const Tensor &bias, const Tensor *running_mean,
                           const Tensor *running_var, const std::optional<Tensor> &shortcut, bool training, bool relu,
                           double momentum, double epsilon) {
    return FusedNorm::apply(x, weight, bias, shortcut, running_mean, running_var, training, relu, momentum, epsilon);
}

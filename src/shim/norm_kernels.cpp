// The loops of norm.cpp over plain memory, without libtorch.
#include "norm_kernels.h"

// One binary for all processors, fast on the newer ones.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__)
#define MMT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MMT_CLONES
#endif
#define MMT_INLINE inline __attribute__((always_inline))

namespace {
// Sums over `rows` rows of W neighbouring channels at `x`, and sums of squared distances from their mean.
template <typename T, int W, int U>
MMT_INLINE void moments_of(const T *x, int64_t rows, int64_t channels, double *mean, double *squares) {
    T sum[U][W] = {};
    int64_t row = 0;
    for (; row + U <= rows; row += U)
        for (int u = 0; u < U; ++u)
            for (int c = 0; c < W; ++c) sum[u][c] += x[(row + u) * channels + c];
    for (; row < rows; ++row)
        for (int c = 0; c < W; ++c) sum[0][c] += x[row * channels + c];
    T centre[W];
    for (int c = 0; c < W; ++c) {
        T all = 0;
        for (int u = 0; u < U; ++u) all += sum[u][c];
        centre[c] = all / static_cast<T>(rows);
    }
    T square[U][W] = {};
    T left[U][W] = {};
    for (row = 0; row + U <= rows; row += U)
        for (int u = 0; u < U; ++u)
            for (int c = 0; c < W; ++c) {
                T d = x[(row + u) * channels + c] - centre[c];
                left[u][c] += d;
                square[u][c] += d * d;
            }
    for (; row < rows; ++row)
        for (int c = 0; c < W; ++c) {
            T d = x[row * channels + c] - centre[c];
            left[0][c] += d;
            square[0][c] += d * d;
        }
    for (int c = 0; c < W; ++c) {
        double rest = 0, all = 0;
        for (int u = 0; u < U; ++u) {
            rest += left[u][c];
            all += square[u][c];
        }
        rest /= static_cast<double>(rows);  // what rounding left between the centre and the mean
        mean[c] = static_cast<double>(centre[c]) + rest;
        squares[c] = all - rest * rest * static_cast<double>(rows);
    }
}

// Gradient behind the ReLU: what comes from above where the output is positive.
template <typename T>
MMT_INLINE T passed(T gradient, T output) {
    return output > 0 ? gradient : static_cast<T>(0);
}

// Sums of the gradient, and of gradient times (input - mean). Leaves the gradient behind the ReLU in `kept` where that is wanted.
template <typename T, int W, int U, bool RELU, bool KEEP>
MMT_INLINE void gradient_sums_of(const T *x, const T *y, const T *g, T *kept, const T *mean, int64_t rows, int64_t channels,
                                 double *sum, double *product) {
    T sums[U][W] = {}, products[U][W] = {};
    auto take = [&](int64_t at, int u) __attribute__((always_inline)) {
        for (int c = 0; c < W; ++c) {
            T gradient = RELU ? passed(g[at + c], y[at + c]) : g[at + c];
            if (KEEP) kept[at + c] = gradient;
            sums[u][c] += gradient;
            products[u][c] += gradient * (x[at + c] - mean[c]);
        }
    };
    int64_t row = 0;
    for (; row + U <= rows; row += U)
        for (int u = 0; u < U; ++u) take((row + u) * channels, u);
    for (; row < rows; ++row) take(row * channels, 0);
    for (int c = 0; c < W; ++c) {
        sum[c] = product[c] = 0;
        for (int u = 0; u < U; ++u) {
            sum[c] += sums[u][c];
            product[c] += products[u][c];
        }
    }
}

// Calls `CALL(width, rows at once)` for all channels, 16 at once while there are as many.
#define MMT_BY_WIDTH(CALL, channels)                  \
    do {                                              \
        int64_t c = 0;                                \
        for (; c + 16 <= channels; c += 16) CALL(16, 4); \
        for (; c < channels; ++c) CALL(1, 4);         \
    } while (0)

template <typename T>
MMT_INLINE void block_moments(const T *x, int64_t rows, int64_t channels, double *mean, double *squares) {
#define CALL(W, U) moments_of<T, W, U>(x + c, rows, channels, mean + c, squares + c)
    MMT_BY_WIDTH(CALL, channels);
#undef CALL
}

template <typename T, bool RELU, bool KEEP>
MMT_INLINE void block_sums(const T *x, const T *y, const T *g, T *kept, const T *mean, int64_t rows, int64_t channels, double *sum,
                           double *product) {
#define CALL(W, U)                                                                                                             \
    gradient_sums_of<T, W, U, RELU, KEEP>(x + c, RELU ? y + c : y, g + c, KEEP ? kept + c : kept, mean + c, rows, channels, sum + c, \
                                          product + c)
    MMT_BY_WIDTH(CALL, channels);
#undef CALL
}

// y = [ReLU] ((x - mean) · scale + bias [+ shortcut]) over `count` values. Taken from the mean first: a product with the whole of x would
// lose the digits that the mean takes.
template <typename T>
MMT_INLINE void apply(const T *x, const T *shortcut, T *y, const T *mean, const T *scale, const T *bias, int64_t count, bool relu) {
    if (shortcut && relu) {
        for (int64_t i = 0; i < count; ++i) {
            T value = (x[i] - mean[i]) * scale[i] + bias[i] + shortcut[i];
            y[i] = value < 0 ? static_cast<T>(0) : value;
        }
    } else if (shortcut) {
        for (int64_t i = 0; i < count; ++i) y[i] = (x[i] - mean[i]) * scale[i] + bias[i] + shortcut[i];
    } else if (relu) {
        for (int64_t i = 0; i < count; ++i) {
            T value = (x[i] - mean[i]) * scale[i] + bias[i];
            y[i] = value < 0 ? static_cast<T>(0) : value;
        }
    } else {
        for (int64_t i = 0; i < count; ++i) y[i] = (x[i] - mean[i]) * scale[i] + bias[i];
    }
}

// dx = a · gradient + b · (x - mean) + d over `count` values.
template <typename T>
MMT_INLINE void input_gradient(const T *x, const T *y, const T *g, T *dx, const T *mean, const T *a, const T *b, const T *d,
                               int64_t count) {
    if (y) {
        for (int64_t i = 0; i < count; ++i) dx[i] = a[i] * passed(g[i], y[i]) + b[i] * (x[i] - mean[i]) + d[i];
    } else {
        for (int64_t i = 0; i < count; ++i) dx[i] = a[i] * g[i] + b[i] * (x[i] - mean[i]) + d[i];
    }
}

}  // namespace

namespace mmt {
// The same for both kinds of numbers; `target_clones` takes no templates.
#define MMT_KERNELS(T)                                                                                                            \
    MMT_CLONES void moments(const T *x, int64_t rows, int64_t channels, double *mean, double *squares) {                         \
        block_moments<T>(x, rows, channels, mean, squares);                                                                      \
    }                                                                                                                            \
    MMT_CLONES void sums_plain(const T *x, const T *g, const T *mean, int64_t rows, int64_t channels, double *sum, double *product) { \
        block_sums<T, false, false>(x, nullptr, g, nullptr, mean, rows, channels, sum, product);                                 \
    }                                                                                                                            \
    MMT_CLONES void sums_relu(const T *x, const T *y, const T *g, const T *mean, int64_t rows, int64_t channels, double *sum,    \
                              double *product) {                                                                                 \
        block_sums<T, true, false>(x, y, g, nullptr, mean, rows, channels, sum, product);                                        \
    }                                                                                                                            \
    MMT_CLONES void sums_kept(const T *x, const T *y, const T *g, T *kept, const T *mean, int64_t rows, int64_t channels,        \
                              double *sum, double *product) {                                                                    \
        block_sums<T, true, true>(x, y, g, kept, mean, rows, channels, sum, product);                                            \
    }                                                                                                                            \
    MMT_CLONES void forward_span(const T *x, const T *shortcut, T *y, const T *mean, const T *scale, const T *bias, int64_t count, \
                                 bool relu) {                                                                                     \
        apply<T>(x, shortcut, y, mean, scale, bias, count, relu);                                                                \
    }                                                                                                                            \
    MMT_CLONES void backward_span(const T *x, const T *y, const T *g, T *dx, const T *mean, const T *a, const T *b, const T *d,   \
                                  int64_t count) {                                                                                \
        input_gradient<T>(x, y, g, dx, mean, a, b, d, count);                                                                    \
    }
MMT_KERNELS(float)
MMT_KERNELS(double)
}  // namespace mmt

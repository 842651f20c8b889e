// The loops of norm.cpp. Maps are rows of channels; every sum is taken over the given rows, per channel.
#pragma once
#include <cstdint>

namespace mmt {
#define MMT_DECLARE(T)                                                                                                              \
    /* Means of the channels, and sums of squared distances from them. */                                                           \
    void moments(const T *x, int64_t rows, int64_t channels, double *mean, double *squares);                                        \
    /* Sums of the gradient g, and of g · (x − mean). */                                                                            \
    void sums_plain(const T *x, const T *g, const T *mean, int64_t rows, int64_t channels, double *sum, double *product);           \
    /* The same where the output y is positive: behind a ReLU. */                                                                   \
    void sums_relu(const T *x, const T *y, const T *g, const T *mean, int64_t rows, int64_t channels, double *sum, double *product); \
    /* The same, and the gradient behind the ReLU is written to `kept`. */                                                          \
    void sums_kept(const T *x, const T *y, const T *g, T *kept, const T *mean, int64_t rows, int64_t channels, double *sum,         \
                   double *product);                                                                                                \
    /* y = (x − mean) · scale + bias, plus the shortcut where there is one, cut at 0 if wanted; `count` values of each. */           \
    void forward_span(const T *x, const T *shortcut, T *y, const T *mean, const T *scale, const T *bias, int64_t count, bool relu); \
    /* dx = a · g + b · (x − mean) + d, g cut to where y is positive if y is not null; `count` values of each. */                   \
    void backward_span(const T *x, const T *y, const T *g, T *dx, const T *mean, const T *a, const T *b, const T *d, int64_t count);
MMT_DECLARE(float)
MMT_DECLARE(double)
#undef MMT_DECLARE
}  // namespace mmt

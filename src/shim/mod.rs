//! The few things of libtorch that tch 0.24 does not bind, and batch norm fused with what follows it: a few lines of C++ behind safe
//! functions.

use std::ffi::{CStr, c_char, c_int, c_long};

use tch::Tensor;
use torch_sys::C_tensor;

unsafe extern "C" {
    fn mmt_fused_adam(
        parameters: *const *mut C_tensor,
        gradients: *const *mut C_tensor,
        first_moments: *const *mut C_tensor,
        second_moments: *const *mut C_tensor,
        steps: *const *mut C_tensor,
        count: c_int,
        learning_rate: f64,
        beta1: f64,
        beta2: f64,
        weight_decay: f64,
        epsilon: f64,
        error: *mut c_char,
        error_size: c_int,
    ) -> c_int;
    fn mmt_forget_gradients(tensors: *const *mut C_tensor, count: c_int) -> c_int;
    fn mmt_convolution_gradients(
        gradient: *mut C_tensor,
        input: *mut C_tensor,
        weight: *mut C_tensor,
        stride: c_long,
        wants_input: c_int,
    ) -> c_int;
    fn mmt_fused_norm(
        x: *mut C_tensor,
        weight: *mut C_tensor,
        bias: *mut C_tensor,
        running_mean: *mut C_tensor,
        running_var: *mut C_tensor,
        shortcut: *mut C_tensor,
        training: c_int,
        relu: c_int,
        momentum: f64,
        epsilon: f64,
    ) -> *mut C_tensor;
    fn mmt_keep_freed_memory(bytes: c_long);
}

/// Numbers of a step of Adam.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamRule {
    /// Learning rate.
    pub learning_rate: f64,
    /// β₁ and β₂.
    pub betas: (f64, f64),
    /// L2: added to the gradient.
    pub weight_decay: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
}

/// One step of libtorch's fused Adam on five lists of the same length, in place: parameters, gradients, first moments, second moments, and
/// counts of steps, which must already count this one.
///
/// # Errors
/// Those of libtorch: lists of different lengths, parameters of several devices or kinds.
pub fn fused_adam(lists: [&[&Tensor]; 5], rule: AdamRule) -> Result<(), String> {
    let count = lists[0].len();
    if lists.iter().any(|list| list.len() != count) {
        return Err("lists of different lengths".to_owned());
    }
    let [parameters, gradients, first_moments, second_moments, steps] = lists.map(pointers);
    let mut message = [0 as c_char; 400];
    // SAFETY: five lists of `count` live tensors, which the kernel changes in place; the message buffer is as long as said, and the shim
    // ends it with a 0.
    let status = unsafe {
        mmt_fused_adam(
            parameters.as_ptr(),
            gradients.as_ptr(),
            first_moments.as_ptr(),
            second_moments.as_ptr(),
            steps.as_ptr(),
            count as c_int,
            rule.learning_rate,
            rule.betas.0,
            rule.betas.1,
            rule.weight_decay,
            rule.epsilon,
            message.as_mut_ptr(),
            message.len() as c_int,
        )
    };
    if status == 0 {
        return Ok(());
    }
    // SAFETY: the shim wrote a text that ends with 0.
    let text = unsafe { CStr::from_ptr(message.as_ptr()) }.to_string_lossy().into_owned();
    Err(text.lines().next().unwrap_or_default().to_owned())
}

/// Leaves `tensors` without a gradient, so that the next backward pass puts its own there instead of adding to zeros.
pub fn forget_gradients(tensors: &[Tensor]) {
    let all: Vec<&Tensor> = tensors.iter().collect();
    // SAFETY: a list of as many live tensors as said; only their gradients are let go. It fails for tensors without autograd only,
    // which have no gradient to forget.
    let _ = unsafe { mmt_forget_gradients(pointers(&all).as_ptr(), all.len() as c_int) };
}

/// Computes the gradients of a square convolution padded by half its kernel, and lets them go: for the time it takes. `gradient` is that of
/// its output, `wants_input` whether its input has one.
///
/// # Errors
/// Shapes that do not belong together.
pub fn convolution_gradients(
    [gradient, input, weight]: [&Tensor; 3],
    stride: i64,
    wants_input: bool,
) -> Result<(), String> {
    let [gradient, input, weight] = [gradient, input, weight].map(|tensor| tensor.as_ptr().cast_mut());
    // SAFETY: three live tensors, which are read.
    let status = unsafe {
        mmt_convolution_gradients(gradient, input, weight, stride as c_long, c_int::from(wants_input))
    };
    if status == 0 { Ok(()) } else { Err("libtorch refuses the gradients of a convolution".to_owned()) }
}

/// The rule that a batch norm computes by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NormRule {
    /// The statistics of the batch normalise, and move the running ones where there are any; otherwise the running ones do.
    pub training: bool,
    /// Share of the newest batch in the running statistics.
    pub momentum: f64,
    /// Added to the variance.
    pub epsilon: f64,
}

/// Batch norm of the map `x` `[B, C, H, W]`, plus `shortcut` of the same shape where there is one, then ReLU if `relu`: differentiable, in
/// channels-last memory. `running`: mean and variance, `[C]` each; needed unless `rule.training`.
///
/// None where the kernels do not apply: they know f32 and f64 on the CPU, and at least two values per channel in training.
pub fn fused_norm(
    x: &Tensor,
    [weight, bias]: [&Tensor; 2],
    running: Option<[&Tensor; 2]>,
    shortcut: Option<&Tensor>,
    relu: bool,
    rule: NormRule,
) -> Option<Tensor> {
    let pointer =
        |tensor: Option<&Tensor>| tensor.map_or(std::ptr::null_mut(), |tensor| tensor.as_ptr().cast_mut());
    // SAFETY: all are live tensors, or null where the shim allows it; the result is a tensor of our own, or null.
    unsafe {
        let result = mmt_fused_norm(
            pointer(Some(x)),
            pointer(Some(weight)),
            pointer(Some(bias)),
            pointer(running.map(|running| running[0])),
            pointer(running.map(|running| running[1])),
            pointer(shortcut),
            c_int::from(rule.training),
            c_int::from(relu),
            rule.momentum,
            rule.epsilon,
        );
        (!result.is_null()).then(|| Tensor::from_ptr(result))
    }
}

/// `x` `[B, C, H, W]` with the channels of a pixel next to each other in memory; the values and the shape stay.
pub fn channels_last(x: &Tensor) -> Tensor {
    x.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
}

/// Keeps up to 1 GiB of freed memory in the process from now on. A training step frees and takes the same maps again and again; the C
/// library of Linux gives them back to the system in between, and the system fills them with zeros anew.
pub fn keep_freed_memory() {
    // SAFETY: sets two numbers of the allocator.
    unsafe { mmt_keep_freed_memory(1 << 30) };
}

fn pointers(tensors: &[&Tensor]) -> Vec<*mut C_tensor> {
    tensors.iter().map(|tensor| tensor.as_ptr().cast_mut()).collect()
}

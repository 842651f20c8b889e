//! Group `schedules`: D22 and D23.

use mmt::train::{self, ema};
use mmt_reference::train as reference;
use mmt_testkit::{Failure, Trial};
use tch::Tensor;

use super::run::{Run, Side};
use super::unknown_function;

/// Runs a case of the group.
pub fn schedules(run: &mut Run) -> Trial {
    match run.case.function() {
        "mmt.utils.lr_scheduler.WarmupMultiStepLR" => learning_rate(run),
        "mmt.trainers.MMTTrainer._update_ema_variables"
            if run.case.inputs().any(|name| name == "in.steps") =>
        {
            decay(run)
        }
        "mmt.trainers.MMTTrainer._update_ema_variables" => average(run),
        _ => unknown_function(run),
    }
}

fn learning_rate(run: &mut Run) -> Trial {
    let milestones = run.case.param("milestones")?.as_array().cloned().unwrap_or_default();
    let milestones: Vec<usize> =
        milestones.iter().filter_map(|value| value.as_u64()).map(|value| value as usize).collect();
    let [learning_rate, gamma, warm_up_factor] =
        [run.case.number("base_lr")?, run.case.number("gamma")?, run.case.number("warmup_factor")?];
    let warm_up = run.case.count("warmup_iters")?;
    let linear = match run.case.text("warmup_method")? {
        "linear" => true,
        "constant" => false,
        other => return Err(Failure::new(format!("unknown warm-up {other}"))),
    };
    let fast = train::Schedule {
        unit: train::Unit::Epoch,
        learning_rate,
        milestones: milestones.clone(),
        gamma,
        warm_up,
        warm_up_factor,
        warm_up_kind: if linear { train::WarmUp::Linear } else { train::WarmUp::Constant },
    };
    let slow = reference::schedule::Schedule {
        unit: reference::schedule::Unit::Epoch,
        learning_rate,
        milestones,
        gamma,
        warm_up,
        warm_up_factor,
        warm_up_kind: if linear {
            reference::schedule::WarmUp::Linear
        } else {
            reference::schedule::WarmUp::Constant
        },
    };
    let indices = run.case.stored("out64.lr_by_index")?.shape()[0];
    let epochs = run.case.stored("out64.lr_by_epoch")?.shape()[0];
    let rates: Vec<f64> = (0..indices).map(|index| fast.rate(index)).collect::<Result<_, _>>()?;
    run.compare(Side::Double, "lr_by_index", rates.as_slice())?;
    let rates: Vec<f64> = (0..epochs).map(|epoch| fast.rate_at(epoch, 3, 100)).collect::<Result<_, _>>()?;
    run.compare(Side::Double, "lr_by_epoch", rates.as_slice())?;
    let rates: Vec<f64> = (0..indices).map(|index| slow.rate(index)).collect::<Result<_, _>>()?;
    run.compare(Side::Reference, "lr_by_index", rates.as_slice())?;
    let rates: Vec<f64> = (0..epochs).map(|epoch| slow.rate_at(epoch, 3, 100)).collect::<Result<_, _>>()?;
    run.compare(Side::Reference, "lr_by_epoch", rates.as_slice())
}

fn decay(run: &mut Run) -> Trial {
    let (steps, alpha) = (run.case.labels("steps")?, run.case.number("alpha")?);
    let fast: Vec<f64> = steps
        .iter()
        .map(|step| ema::decay(ema::Convention::Published, *step, alpha))
        .collect::<Result<_, _>>()?;
    run.compare(Side::Double, "alpha", fast.as_slice())?;
    let slow: Vec<f64> = steps
        .iter()
        .map(|step| reference::ema::decay(reference::ema::Convention::Published, *step, alpha))
        .collect::<Result<_, _>>()?;
    run.compare(Side::Reference, "alpha", slow.as_slice())
}

fn average(run: &mut Run) -> Trial {
    let (alpha, first) = (run.case.number("alpha")?, run.case.count("first_step")?);
    let students = run.case.matrix("students")?;
    let mut mean = run.case.input("mean")?.floats();
    let mut all = Vec::new();
    for at in 0..students.rows() {
        reference::ema::average(
            &mut mean,
            students.row(at),
            reference::ema::decay(reference::ema::Convention::Published, first + at, alpha)?,
        )?;
        all.push(mean.clone());
    }
    let expected = mmt_reference::Matrix::from_fn(students.rows(), students.columns(), |i, j| all[i][j]);
    run.compare(Side::Reference, "mean", &expected)?;
    for side in Side::FAST {
        let students = run.case.tensor("students", side.kind())?;
        let mean = run.case.tensor("mean", side.kind())?;
        let rows: Vec<Tensor> = (0..students.size()[0])
            .map(|at| {
                let decay = ema::decay(ema::Convention::Published, first + at as usize, alpha)?;
                ema::average(&mean, &students.get(at), decay)?;
                Ok(mean.copy())
            })
            .collect::<mmt::Result<_>>()?;
        run.compare(side, "mean", &Tensor::stack(&rows, 0))?;
    }
    Ok(())
}

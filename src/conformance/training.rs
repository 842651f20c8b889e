//! D22 to D24, and D30.

use mmt_conformance::{Inputs, Outputs};
use tch::Kind;

use super::tensors::{Failed, Place, array, gradients, tensor, variable};
use crate::model::norm;
use crate::train::{FusedAdam, Schedule, Unit, WarmUp, ema};

pub(super) fn schedule(inputs: &Inputs, _: Place) -> Result<Outputs, Failed> {
    let schedule = Schedule {
        unit: Unit::Epoch,
        learning_rate: inputs.real("learning_rate")?,
        milestones: inputs.counts("milestones")?,
        gamma: inputs.real("gamma")?,
        warm_up: inputs.count("warm_up")?,
        warm_up_factor: inputs.real("warm_up_factor")?,
        warm_up_kind: if inputs.word("warm_up_kind")? == "linear" {
            WarmUp::Linear
        } else {
            WarmUp::Constant
        },
    };
    Ok(Outputs::default().with("rate", schedule.rate(inputs.count("index")?)?))
}

pub(super) fn mean_network(inputs: &Inputs, place: Place) -> Result<Outputs, Failed> {
    let published = inputs.word("convention")? == "published";
    let convention = if published { ema::Convention::Published } else { ema::Convention::Paper };
    let decay = ema::decay(convention, inputs.count("step")?, inputs.real("alpha")?)?;
    let mean = tensor(inputs, "mean", place)?;
    ema::average(&mean, &tensor(inputs, "student", place)?, decay)?;
    Ok(Outputs::default().with("mean", array(&mean)))
}

pub(super) fn adam(inputs: &Inputs, place: Place) -> Result<Outputs, Failed> {
    let parameter = variable(inputs, "parameter", place)?;
    let mut adam = FusedAdam::new(vec![parameter.shallow_clone()], inputs.real("weight_decay")?);
    let gradients = tensor(inputs, "gradients", place)?;
    for step in 0..gradients.size()[0] {
        adam.zero_grad();
        (&parameter * gradients.get(step)).sum(None::<Kind>).backward();
        adam.step(inputs.real("learning_rate")?)?;
    }
    Ok(Outputs::default().with("parameter", array(&parameter)))
}

pub(super) fn batch_norm(inputs: &Inputs, place: Place) -> Result<Outputs, Failed> {
    let x = variable(inputs, "x", place)?;
    let affine = [&tensor(inputs, "weight", place)?, &tensor(inputs, "bias", place)?];
    let running = [&tensor(inputs, "running_mean", place)?, &tensor(inputs, "running_var", place)?];
    let y = norm::batch_norm(&x.unsqueeze(-1), affine, running, inputs.flag("training")?).squeeze_dim(-1);
    let loss = (&y * tensor(inputs, "upstream", place)?).sum(None::<Kind>);
    Ok(Outputs::default()
        .with("y", array(&y))
        .with("gradient", gradients(&loss, &[&x]).remove(0))
        .with("running_mean", array(running[0]))
        .with("running_var", array(running[1])))
}

//! Comparisons of the running test by the one table of allowed errors ([`mmt_conformance::tolerance`]), noted for the agreement
//! report.

use tch::{Device, Kind};

use crate::agreement;
use crate::compare::{Difference, compare, measure};
use crate::{Actual, Failure, Trial, devices};

pub use mmt_conformance::tolerance::{
    Allowed, Basis, CUDA_FACTOR, Place, Quantity, Row, TABLE, Width, row_of,
};

/// Returns the allowed error of a definition on the processor or a CUDA device; the basis golden always says [`Allowed::Manifest`].
pub fn allowed(
    definition: &str,
    quantity: Quantity,
    basis: Basis,
    width: Width,
    device: Device,
) -> Trial<Allowed> {
    if basis == Basis::Golden {
        return Ok(Allowed::Manifest);
    }
    Ok(row(definition, quantity, width)?.allowed.on(place(device)))
}

/// The row of a comparison with the reference.
fn row(definition: &str, quantity: Quantity, width: Width) -> Trial<&'static Row> {
    let key = (definition, quantity, width);
    row_of(definition, quantity, width)
        .ok_or_else(|| Failure::new(format!("the tolerance table has no row for {key:?}")))
}

/// The tensor kind of a width.
pub fn kind(width: Width) -> Kind {
    match width {
        Width::Double => Kind::Double,
        Width::Single => Kind::Float,
    }
}

/// Where tensors of a device are.
pub fn place(device: Device) -> Place {
    if device.is_cuda() { Place::Cuda } else { Place::Cpu }
}

/// The row as the agreement report has it, on the device of the running test.
fn noted(row: &Row) -> agreement::Kind {
    let place = place(devices::used());
    agreement::Kind {
        definition: row.definition,
        quantity: match row.quantity {
            Quantity::Value => "value",
            Quantity::Gradient => "gradient",
        },
        against: "reference",
        side: row.width.name(),
        device: place.name(),
        allowed: row.allowed.on(place).to_string(),
        reason: row.reason,
    }
}

/// Holds a value of the fast code, from the device of the running test, against the reference's by the table's row, and notes it
/// for the agreement report. `unit` is the size of the inputs.
pub fn check(
    definition: &str,
    quantity: Quantity,
    width: Width,
    unit: f64,
    actual: impl Into<Actual>,
    expected: impl Into<Actual>,
) -> Trial<Difference> {
    let row = row(definition, quantity, width)?;
    devices::compared(definition);
    let rule = row.allowed.on(place(devices::used()));
    let (actual, expected) = (actual.into(), expected.into());
    let allowed = |value: f64| rule.error(unit, value);
    // Noted before it is judged: a failure is part of the record.
    match measure(&actual, &expected, allowed) {
        Ok(difference) => agreement::note(noted(row), difference),
        Err(_) => agreement::note_failure(noted(row)),
    }
    compare(&actual, &expected, allowed)
        .map_err(|failure| failure.at(format_args!("{definition} {quantity:?} in {width:?}")))
}

/// Holds a discrete answer of the fast code against the reference's: it must be the same.
pub fn same<T: PartialEq + std::fmt::Debug>(definition: &str, actual: &T, expected: &T) -> Trial {
    let row = row(definition, Quantity::Value, Width::Double)?;
    if row.allowed != Allowed::Exact {
        return Err(Failure::new(format!("{definition} is not exact by the tolerance table")));
    }
    if actual != expected {
        agreement::note_failure(noted(row));
        return Err(Failure::new(format!("{definition}: {actual:?}, expected {expected:?}")));
    }
    devices::compared(definition);
    agreement::note(noted(row), Difference { absolute: 0.0, share: 0.0, place: 0 });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_of_the_inputs_scales_the_absolute_part_only() {
        assert!(check("D5", Quantity::Value, Width::Double, 1e6, 1.0 + 1e-7, 1.0).is_ok());
        assert!(check("D5", Quantity::Value, Width::Double, 1.0, 1.0 + 1e-7, 1.0).is_err());
    }

    #[test]
    fn exact_rows_allow_nothing() {
        assert!(check("D4", Quantity::Value, Width::Double, 1.0, 1.0, 1.0 + 1e-15).is_err());
    }
}

//! The networks of an adaptation by who teaches whom (D33), and the step that belongs to each case.

use tch::Tensor;

use super::mutual::{self, HARD_NAMES};
use super::passes::Passes;
use super::settings::{AdaptationSettings, Teachers};
use super::{own_mean, single};
use crate::error::Result;
use crate::loss::objective::{Terms, Weights};
use crate::model::Network;

/// Students and their teachers.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one in an adaptation, and it is not moved")]
pub(super) enum Teaching {
    /// Two students, each taught by the mean network of the other.
    MutualMean { students: [Network; 2], mean_networks: [Network; 2] },
    /// Two students, each taught by the other.
    MutualCurrent { students: [Network; 2] },
    /// Two students without a teacher: the baseline.
    HardOnly { students: [Network; 2] },
    /// One student and its own mean network.
    OwnMean { student: [Network; 1], mean_network: [Network; 1] },
    /// One student without a teacher: the published single-network baseline.
    Single { student: [Network; 1] },
}

impl Teaching {
    /// What `settings` ask for, mean networks equal to their students. Where one network is asked for it is the first.
    pub fn new(settings: &AdaptationSettings, students: [Network; 2]) -> Result<Self> {
        Ok(match settings.teachers {
            Teachers::MutualMean if settings.is_hard_only() => Self::HardOnly { students },
            Teachers::MutualMean => {
                let mean_networks = [students[0].duplicate()?, students[1].duplicate()?];
                Self::MutualMean { students, mean_networks }
            }
            Teachers::MutualCurrent => Self::MutualCurrent { students },
            Teachers::OwnMean if settings.is_hard_only() => {
                let [student, _] = students;
                Self::Single { student: [student] }
            }
            Teachers::OwnMean => {
                let [student, _] = students;
                Self::OwnMean { mean_network: [student.duplicate()?], student: [student] }
            }
        })
    }

    pub fn students(&self) -> &[Network] {
        match self {
            Self::MutualMean { students, .. }
            | Self::MutualCurrent { students }
            | Self::HardOnly { students } => students,
            Self::OwnMean { student, .. } | Self::Single { student } => student,
        }
    }

    /// One for each student, or none.
    pub fn mean_networks(&self) -> &[Network] {
        match self {
            Self::MutualMean { mean_networks, .. } => mean_networks,
            Self::OwnMean { mean_network, .. } => mean_network,
            Self::MutualCurrent { .. } | Self::HardOnly { .. } | Self::Single { .. } => &[],
        }
    }

    /// Students and mean networks.
    pub fn both_mut(&mut self) -> (&mut [Network], &mut [Network]) {
        match self {
            Self::MutualMean { students, mean_networks } => (students, mean_networks),
            Self::OwnMean { student, mean_network } => (student, mean_network),
            Self::MutualCurrent { students } | Self::HardOnly { students } => (students, &mut []),
            Self::Single { student } => (student, &mut []),
        }
    }

    /// Names of the losses of a step.
    pub fn names(&self) -> &'static [&'static str] {
        match self {
            Self::MutualMean { .. } | Self::MutualCurrent { .. } => &Terms::NAMES,
            Self::HardOnly { .. } => &HARD_NAMES,
            Self::OwnMean { .. } => &own_mean::NAMES,
            Self::Single { .. } => &single::NAMES,
        }
    }

    /// Forward passes of a step on two views of a batch (one student sees the first): values of the losses by [`Teaching::names`], and the total to minimise.
    ///
    /// # Errors
    /// A device that refuses, or what the objective refuses.
    pub fn forward(
        &self,
        views: &[Tensor],
        labels: &Tensor,
        weights: &Weights,
        passes: &Passes,
    ) -> Result<(Tensor, Tensor)> {
        let place = |students: &[Network; 2]| -> Result<[Tensor; 2]> {
            Ok([students[0].place(&views[0])?, students[1].place(&views[1])?])
        };
        match self {
            Self::MutualMean { students, mean_networks } => {
                let [one, two] = place(students)?;
                let terms = mutual::terms(students, mean_networks, [&one, &two], labels, weights, passes)?;
                Ok((terms.values(), terms.total))
            }
            Self::MutualCurrent { students } => {
                let [one, two] = place(students)?;
                let terms = mutual::current_terms(students, [&one, &two], labels, weights, passes)?;
                Ok((terms.values(), terms.total))
            }
            Self::HardOnly { students } => {
                let [one, two] = place(students)?;
                mutual::hard_terms(students, [&one, &two], labels, weights, passes)
            }
            Self::OwnMean { student: [student], mean_network: [mean_network] } => {
                let view = student.place(&views[0])?;
                let terms = own_mean::terms(student, mean_network, &view, labels, weights, passes)?;
                Ok((own_mean::values(&terms), terms.total))
            }
            Self::Single { student: [student] } => {
                let view = student.place(&views[0])?;
                let terms = single::terms(student, &view, labels, weights, passes)?;
                Ok((single::values(&terms), terms.total))
            }
        }
    }
}

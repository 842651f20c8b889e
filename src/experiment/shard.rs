//! Parts of a plan for several processes or machines.

use std::collections::BTreeSet;
use std::str::FromStr;

use mmt_vocabulary::Method;

use super::jobs::{Job, Node, Plan};
use crate::error::{Error, Result};

/// One of several equal parts of a plan, for one of several machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl FromStr for Shard {
    type Err = Error;

    /// `I/N` with I from 1 to N.
    fn from_str(text: &str) -> Result<Self> {
        let numbers = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match numbers {
            Some((index, count)) if 1 <= index && index <= count => Ok(Self { index, count }),
            _ => Err(Error::Usage(format!("`{text}` is no shard: I/N with I from 1 to N, such as 1/4"))),
        }
    }
}

impl Plan {
    /// The part of the plan that `shard` runs: its share of the jobs of tasks, and all that these need.
    pub fn shard(self, shard: Shard, methods: &[Method]) -> Self {
        let dealt = self.dealt(methods).into_iter().skip(shard.index - 1).step_by(shard.count);
        let mut kept: BTreeSet<usize> = dealt.collect();
        // Needs stand before what needs them, so one pass from the end finds all.
        for at in (0..self.nodes.len()).rev() {
            if kept.contains(&at) {
                kept.extend(&self.nodes[at].needs);
            }
        }
        let place = |old: &usize| kept.range(..old).count();
        let nodes = self.nodes.into_iter().enumerate().filter(|(at, _)| kept.contains(at));
        let nodes = nodes.map(|(_, node)| Node { needs: node.needs.iter().map(place).collect(), ..node });
        Self { nodes: nodes.collect() }
    }

    /// The jobs that shards are dealt, in turn: adaptations first, row by row, so that every shard has some of the long ones.
    fn dealt(&self, methods: &[Method]) -> Vec<usize> {
        let job = |at: usize| &self.nodes[at].job;
        let mut dealt: Vec<usize> = (0..self.nodes.len()).filter(|&at| job(at).is_dealt(methods)).collect();
        // Rows in the order in which they come up; sorting is stable, so within a row the order of the plan stays.
        let rows: Vec<&str> = dealt.iter().map(|&at| job(at).row_name()).collect();
        let rank = |at: usize| rows.iter().position(|row| *row == job(at).row_name());
        dealt.sort_by_key(|&at| (!matches!(job(at), Job::Adapt(_)), rank(at)));
        dealt
    }
}

impl Job {
    /// Whether a shard chooses it for itself: all but pre-training, and starts that nobody asked for.
    fn is_dealt(&self, methods: &[Method]) -> bool {
        match self {
            Self::Pretrain(_) => false,
            Self::Start(_) => methods.contains(&Method::PreTrained),
            Self::Adapt(_) | Self::Oracle(_) => true,
        }
    }

    /// Its row in the tables; empty for pre-training.
    fn row_name(&self) -> &str {
        match self {
            Self::Pretrain(_) => "",
            Self::Start(job) | Self::Adapt(job) | Self::Oracle(job) => &job.row.name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::Profile;
    use super::super::seeds::Seeds;
    use super::*;

    fn plan() -> Plan {
        let seeds = Seeds::crossed(&[Some(101), Some(102)], &[1, 2]);
        Plan::new(&Profile::load("paper").unwrap(), &Method::ALL, &seeds)
    }

    #[test]
    fn every_job_of_a_task_is_in_one_shard_and_has_what_it_needs_there() {
        for count in [1, 2, 3, 7] {
            let mut seen = Vec::new();
            for index in 1..=count {
                let part = plan().shard(Shard { index, count }, &Method::ALL);
                for (at, node) in part.nodes.iter().enumerate() {
                    assert!(node.needs.iter().all(|need| *need < at));
                    let whole = plan();
                    let place = whole.nodes.iter().position(|other| other.job == node.job).unwrap();
                    let needs: Vec<&Job> = node.needs.iter().map(|need| &part.nodes[*need].job).collect();
                    let expected: Vec<&Job> =
                        whole.nodes[place].needs.iter().map(|need| &whole.nodes[*need].job).collect();
                    assert_eq!(needs, expected);
                    if let Job::Adapt(_) | Job::Oracle(_) = node.job {
                        seen.push(node.job.label());
                    }
                }
            }
            let jobs = plan().nodes.into_iter().map(|node| node.job);
            let mut all: Vec<String> = jobs
                .filter(|job| matches!(job, Job::Adapt(_) | Job::Oracle(_)))
                .map(|job| job.label())
                .collect();
            seen.sort();
            all.sort();
            assert_eq!(seen, all);
        }
    }

    #[test]
    fn shards_have_adaptations_in_equal_numbers() {
        let adaptations = |index| {
            let part = plan().shard(Shard { index, count: 3 }, &Method::ALL);
            part.nodes.iter().filter(|node| matches!(node.job, Job::Adapt(_))).count()
        };
        let counts: Vec<usize> = (1..=3).map(adaptations).collect();
        assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{counts:?}");
    }

    #[test]
    fn a_shard_is_one_of_several() {
        assert_eq!("2/3".parse::<Shard>().unwrap(), Shard { index: 2, count: 3 });
        for text in ["0/3", "4/3", "1", "1/0", "a/b", "", "-1/2"] {
            assert!(text.parse::<Shard>().unwrap_err().to_string().contains("I/N"), "{text}");
        }
    }
}

//! Features as a network gives them: 17 images per identity, six cameras, one image in five a query.

use mmt::distance::normalize_rows;
use mmt_testkit::generate;
use rand::Rng;
use tch::{Device, Kind, Tensor};

/// Spread of an identity's images around its centre, whose coordinates have standard deviation 1.
const SPREAD: f64 = 1.0;
/// Images of an identity.
const PER_IDENTITY: usize = 17;

/// The inputs of the steps.
pub struct Inputs {
    /// `[N, D]` f32, rows of unit length.
    pub features: Tensor,
    /// Queries, every fifth image, and the others.
    pub query: Half,
    /// The gallery.
    pub gallery: Half,
    /// Squared distances between queries and gallery, row by row.
    pub distances: Vec<f32>,
}

/// Queries or gallery.
pub struct Half {
    /// `[Q, D]` or `[G, D]`.
    pub features: Tensor,
    /// One per image.
    pub identities: Vec<i64>,
    /// One per image.
    pub cameras: Vec<i64>,
}

impl Inputs {
    pub fn new(images: usize, dimension: usize) -> Self {
        tch::manual_seed(images as i64);
        let mut rng = generate::rng(images as u64);
        let identities: Vec<i64> =
            (0..images).map(|_| rng.random_range(0..(images / PER_IDENTITY) as i64)).collect();
        let cameras: Vec<i64> = (0..images).map(|_| rng.random_range(0..6)).collect();
        let place = (Kind::Float, Device::Cpu);
        let centres = Tensor::randn([(images / PER_IDENTITY) as i64, dimension as i64], place);
        let noise = Tensor::randn([images as i64, dimension as i64], place) * SPREAD;
        let features = normalize_rows(&(centres.index_select(0, &Tensor::from_slice(&identities)) + noise));
        let half = |of_query: bool| {
            let rows: Vec<usize> = (0..images).filter(|at| (at % 5 == 0) == of_query).collect();
            let places: Vec<i64> = rows.iter().map(|&at| at as i64).collect();
            Half {
                features: features.index_select(0, &Tensor::from_slice(&places)),
                identities: rows.iter().map(|&at| identities[at]).collect(),
                cameras: rows.iter().map(|&at| cameras[at]).collect(),
            }
        };
        let (query, gallery) = (half(true), half(false));
        // The distances are wanted for the smaller sizes only; the larger ones are clustered.
        let distances = if images < 20_000 {
            let all = mmt::distance::squared_euclidean(&query.features, &gallery.features).view(-1);
            Vec::try_from(all).unwrap_or_default()
        } else {
            Vec::new()
        };
        Self { features, query, gallery, distances }
    }

    /// N.
    pub fn images(&self) -> usize {
        self.features.size()[0] as usize
    }
}

//! Golden inputs of the published code (`tests/golden/FORMAT.md`) as cases of the definitions they belong to.
//!
//! They are judged like drawn cases, by the reference, which is held to the published numbers by tests of its own.

use std::fs;
use std::path::{Path, PathBuf};

use safetensors::tensor::SafeTensors;
use serde_json::Value as Json;

use crate::definition::{Definition, Kind};
use crate::definitions::find;
use crate::error::Error;
use crate::protocol::numbers;
use crate::value::{Array, Inputs, Value};

/// Inputs that the published code was asked with.
#[derive(Debug, Clone)]
pub struct GoldenCase {
    /// The definition.
    pub definition: &'static Definition,
    /// The inputs, of f32 numbers.
    pub inputs: Inputs,
}

/// An input by its name here: what it is taken from.
type From = (&'static str, Source);

/// Where an input comes from.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// The tensor `in.NAME`.
    Tensor(&'static str),
    /// A parameter: a number, a list of numbers, a switch or a word.
    Parameter(&'static str),
    /// The same in every case.
    Number(f64),
    /// The same in every case.
    Flag(bool),
    /// The same in every case.
    Word(&'static str),
    /// Distances by which the ranking `in.NAME` is that of each row.
    Ranking(&'static str),
    /// The first row of the tensor `in.NAME`.
    FirstRow(&'static str),
}

use Source::{FirstRow, Flag, Number, Parameter, Ranking, Tensor, Word};

/// A published function, the definition it is a form of, and how its inputs are called here.
struct Form {
    function: &'static str,
    definition: &'static str,
    inputs: &'static [From],
}

const RANKING: [From; 5] = [
    ("distances", Tensor("dist")),
    ("query_identities", Tensor("query_ids")),
    ("query_cameras", Tensor("query_cams")),
    ("gallery_identities", Tensor("gallery_ids")),
    ("gallery_cameras", Tensor("gallery_cams")),
];

const fn cmc(rule: &'static str) -> [From; 7] {
    let [one, two, three, four, five] = RANKING;
    [one, two, three, four, five, ("ranks", Parameter("topk")), ("rule", Word(rule))]
}

const SCHEDULE: &str = "mmt.utils.lr_scheduler.WarmupMultiStepLR";

const fn schedule(index: f64) -> [From; 7] {
    [
        ("learning_rate", Parameter("base_lr")),
        ("milestones", Parameter("milestones")),
        ("gamma", Parameter("gamma")),
        ("warm_up", Parameter("warmup_iters")),
        ("warm_up_factor", Parameter("warmup_factor")),
        ("warm_up_kind", Parameter("warmup_method")),
        ("index", Number(index)),
    ]
}

/// Cases that lack an input of a form, such as the margin that stands for the soft loss where it is `null`, are none of it; what the
/// reference refuses is none either.
const FORMS: &[Form] = &[
    Form {
        function: "mmt.loss.CrossEntropyLabelSmooth",
        definition: "D1",
        inputs: &[
            ("logits", Tensor("logits")),
            ("labels", Tensor("labels")),
            ("epsilon", Parameter("epsilon")),
        ],
    },
    Form {
        function: "mmt.loss.SoftEntropy",
        definition: "D2",
        inputs: &[("student", Tensor("student")), ("teacher", Tensor("teacher"))],
    },
    Form {
        function: "mmt.loss.triplet.euclidean_dist",
        definition: "D3",
        inputs: &[("x", Tensor("x")), ("y", Tensor("y"))],
    },
    Form {
        function: "mmt.evaluators.pairwise_distance",
        definition: "D3",
        inputs: &[("x", Tensor("query")), ("y", Tensor("gallery"))],
    },
    Form {
        function: "mmt.loss.TripletLoss",
        definition: "D5",
        inputs: &[
            ("features", Tensor("emb")),
            ("labels", Tensor("labels")),
            ("margin", Parameter("margin")),
            ("normalize", Parameter("normalize_feature")),
        ],
    },
    Form {
        function: "mmt.loss.SoftTripletLoss",
        definition: "D6",
        inputs: &[
            ("features", Tensor("emb1")),
            ("labels", Tensor("labels")),
            ("margin", Parameter("margin")),
            ("normalize", Parameter("normalize_feature")),
        ],
    },
    Form {
        function: "mmt.loss.SoftTripletLoss",
        definition: "D7",
        inputs: &[
            ("student", Tensor("emb1")),
            ("teacher", Tensor("emb2")),
            ("labels", Tensor("labels")),
            ("normalize", Parameter("normalize_feature")),
        ],
    },
    Form {
        function: "mmt.trainers.MMTTrainer.train (one step)",
        definition: "D8",
        inputs: &[
            ("features_1", Tensor("features_1")),
            ("logits_1", Tensor("logits_1")),
            ("features_2", Tensor("features_2")),
            ("logits_2", Tensor("logits_2")),
            ("mean_features_1", Tensor("features_1_ema")),
            ("mean_logits_1", Tensor("logits_1_ema")),
            ("mean_features_2", Tensor("features_2_ema")),
            ("mean_logits_2", Tensor("logits_2_ema")),
            ("labels", Tensor("labels")),
            ("soft_ce_weight", Parameter("soft_ce_weight")),
            ("soft_tri_weight", Parameter("soft_tri_weight")),
            ("epsilon", Parameter("epsilon")),
            ("clusters", Parameter("num_clusters")),
        ],
    },
    Form {
        function: "sklearn.cluster.KMeans",
        definition: "D10",
        inputs: &[
            ("points", Tensor("x")),
            ("centres", Tensor("init")),
            ("tolerance", Parameter("tol")),
            ("max_iterations", Parameter("max_iter")),
        ],
    },
    Form {
        function: "mmt.utils.rerank.k_reciprocal_neigh",
        definition: "D11",
        inputs: &[("distances", Ranking("rank")), ("k", Parameter("k"))],
    },
    Form {
        function: "mmt.utils.rerank.compute_jaccard_dist",
        definition: "D12",
        inputs: &[("features", Tensor("features")), ("k1", Parameter("k1")), ("k2", Parameter("k2"))],
    },
    Form {
        function: "examples/mmt_train_dbscan.py (eps rule)",
        definition: "D13",
        inputs: &[("distances", Tensor("dist")), ("rho", Parameter("rho"))],
    },
    Form {
        function: "sklearn.cluster.DBSCAN(metric='precomputed').fit_predict",
        definition: "D14",
        inputs: &[
            ("distances", Tensor("dist")),
            ("eps", Parameter("eps")),
            ("min_samples", Parameter("min_samples")),
        ],
    },
    Form { function: "mmt.evaluation_metrics.mean_ap and cmc", definition: "D16", inputs: &RANKING },
    Form { function: "mmt.evaluation_metrics.mean_ap and cmc", definition: "D17", inputs: &cmc("first") },
    Form { function: "mmt.evaluation_metrics.mean_ap and cmc", definition: "D17", inputs: &cmc("all") },
    Form {
        function: "mmt.evaluation_metrics.mean_ap and cmc",
        definition: "D17",
        inputs: &cmc("separate-cameras"),
    },
    Form {
        function: "mmt.utils.rerank.re_ranking",
        definition: "D18",
        inputs: &[
            ("query_gallery", Tensor("q_g_dist")),
            ("query_query", Tensor("q_q_dist")),
            ("gallery_gallery", Tensor("g_g_dist")),
            ("k1", Parameter("k1")),
            ("k2", Parameter("k2")),
            ("lambda", Parameter("lambda_value")),
        ],
    },
    Form { function: SCHEDULE, definition: "D22", inputs: &schedule(0.0) },
    Form { function: SCHEDULE, definition: "D22", inputs: &schedule(1.0) },
    Form { function: SCHEDULE, definition: "D22", inputs: &schedule(9.0) },
    Form { function: SCHEDULE, definition: "D22", inputs: &schedule(40.0) },
    Form { function: SCHEDULE, definition: "D22", inputs: &schedule(79.0) },
    Form {
        function: "mmt.trainers.MMTTrainer._update_ema_variables",
        definition: "D23",
        inputs: &[
            ("mean", Tensor("mean")),
            ("student", FirstRow("students")),
            ("step", Parameter("first_step")),
            ("alpha", Parameter("alpha")),
            ("convention", Word("published")),
        ],
    },
    Form {
        function: "torchvision Pad(10) + RandomCrop",
        definition: "D27",
        inputs: &[
            ("pixels", Tensor("image")),
            ("flip", Flag(false)),
            ("pad", Parameter("pad")),
            ("top", Parameter("top")),
            ("left", Parameter("left")),
        ],
    },
    Form {
        function: "torchvision RandomHorizontalFlip(p=1)",
        definition: "D27",
        inputs: &[
            ("pixels", Tensor("image")),
            ("flip", Flag(true)),
            ("pad", Number(0.0)),
            ("top", Number(0.0)),
            ("left", Number(0.0)),
        ],
    },
];

/// All cases of a golden folder that are functions of a few arrays, in the order of its manifest.
///
/// # Errors
/// The folder has no manifest, or a file that it names is missing or holds something else.
pub fn read(folder: &Path) -> Result<Vec<GoldenCase>, Error> {
    let path = folder.join("manifest.json");
    let text = fs::read(&path).map_err(Error::io("read", &path))?;
    let manifest: Json =
        serde_json::from_slice(&text).map_err(|error| Error::file(&path, format!("not JSON: {error}")))?;
    let cases = manifest["cases"].as_array().ok_or_else(|| Error::file(&path, "has no list `cases`"))?;
    let mut files = Files { folder: folder.to_owned(), last: None };
    let mut found = Vec::new();
    for case in cases {
        for form in FORMS.iter().filter(|form| case["function"].as_str() == Some(form.function)) {
            found.extend(form.case(case, &mut files)?);
        }
    }
    if found.is_empty() {
        return Err(Error::file(&path, "has no case of a definition; tests/golden of the repository has"));
    }
    Ok(found)
}

impl Form {
    fn case(&self, case: &Json, files: &mut Files) -> Result<Option<GoldenCase>, Error> {
        // The Jaccard distance that looks at the source as well is no definition here.
        let looks_at_source =
            self.definition == "D12" && case["params"]["lambda_value"].as_f64() != Some(0.0);
        // A `null` margin is the soft loss, whose teacher a loss with a margin does not look at.
        let is_soft = self.definition != "D7" || case["params"]["margin"].is_null();
        let Some(definition) = find(self.definition).filter(|_| !looks_at_source && is_soft) else {
            return Ok(None);
        };
        let mut inputs = Inputs::default();
        for (name, source) in self.inputs {
            let Some(value) = source.value(case, files)? else { return Ok(None) };
            inputs = inputs.with(name, rounded(definition, name, value));
        }
        Ok((definition.reference)(&inputs).is_ok().then_some(GoldenCase { definition, inputs }))
    }
}

impl Source {
    fn value(self, case: &Json, files: &mut Files) -> Result<Option<Value>, Error> {
        let tensor = |name: &str, files: &mut Files| files.tensor(case, &format!("in.{name}"));
        Ok(match self {
            Tensor(name) => tensor(name, files)?.map(Value::Array),
            Ranking(name) => tensor(name, files)?.map(|ranks| Value::Array(of_ranking(&ranks))),
            FirstRow(name) => tensor(name, files)?.map(|rows| Value::Array(first_row(&rows))),
            Parameter(name) => match &case["params"][name] {
                Json::Bool(flag) => Some(Value::Flag(*flag)),
                Json::String(word) => Some(Value::Word(word.clone())),
                Json::Array(list) => {
                    list.iter().map(Json::as_f64).collect::<Option<Vec<_>>>().map(Value::from)
                }
                number => number.as_f64().map(Value::from),
            },
            Number(number) => Some(number.into()),
            Flag(flag) => Some(flag.into()),
            Word(word) => Some(word.into()),
        })
    }
}

/// Numbers of cases are f32 numbers, so that both widths are asked the same.
fn rounded(definition: &Definition, name: &str, mut value: Value) -> Value {
    let is_real = definition.input(name).is_some_and(|input| input.kind == Kind::Real);
    if let (Value::Array(array), true) = (&mut value, is_real) {
        array.values.iter_mut().for_each(|value| *value = f64::from(*value as f32));
    }
    value
}

/// The place of each image in the ranking of each row, as its distance.
fn of_ranking(ranks: &Array) -> Array {
    let columns = ranks.shape.last().copied().unwrap_or(1).max(1);
    let mut values = vec![0.0; ranks.values.len()];
    for (at, &image) in ranks.values.iter().enumerate() {
        if let Some(value) = values.get_mut(at / columns * columns + image as usize) {
            *value = (at % columns) as f64;
        }
    }
    Array { shape: ranks.shape.clone(), values }
}

fn first_row(rows: &Array) -> Array {
    let shape: Vec<usize> = rows.shape.iter().skip(1).copied().collect();
    let values = rows.values[..shape.iter().product::<usize>().min(rows.values.len())].to_vec();
    Array { shape, values }
}

/// The files of tensors that a manifest names; the last one stays open, as the cases of a file stand together.
struct Files {
    folder: PathBuf,
    last: Option<(PathBuf, Vec<u8>)>,
}

impl Files {
    /// A tensor of a case, `None` where the case has none of that name.
    fn tensor(&mut self, case: &Json, name: &str) -> Result<Option<Array>, Error> {
        let (Some(file), Some(case_name)) = (case["file"].as_str(), case["name"].as_str()) else {
            return Ok(None);
        };
        if case["inputs"].get(name).is_none() {
            return Ok(None);
        }
        let path = self.folder.join(file);
        if self.last.as_ref().is_none_or(|(last, _)| *last != path) {
            self.last = Some((path.clone(), fs::read(&path).map_err(Error::io("read", &path))?));
        }
        let bytes = self.last.as_ref().map_or(&[][..], |(_, bytes)| bytes);
        let wrong = |reason: String| Error::file(&path, format!("{case_name}/{name}: {reason}"));
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| wrong(error.to_string()))?;
        let view =
            tensors.tensor(&format!("{case_name}/{name}")).map_err(|error| wrong(error.to_string()))?;
        let values = numbers(view.dtype(), view.data());
        let array = values.and_then(|values| Array::new(view.shape().to_vec(), values));
        array.map(Some).ok_or_else(|| wrong(format!("{:?} is no kind of numbers", view.dtype())))
    }
}

//! mAP and CMC of a network from a file, of PyTorch or safetensors.
//!
//! `cargo run --example evaluate_checkpoint -- FILE market1501 DATA_ROOT`; without arguments it saves a network of random weights, draws a
//! small domain, and evaluates the one on the other.

use std::path::{Path, PathBuf};

use mmt::data::{DatasetName, ImageSize};
use mmt::experiment::Profile;
use mmt::model::{Choice, Network, save_tensors};
use mmt::random::stream;
use mmt::synthetic::prepare;
use mmt::tools::evaluation::{EvaluatedRow, EvaluationRequest, evaluate_network};
use mmt::tools::network_file::Loaded;
use mmt::{Error, Result};
use tch::{Device, Kind};

/// The backbone is told by the tensors of the file.
fn evaluate(file: &Path, dataset: DatasetName, data_root: &Path, size: ImageSize) -> Result<EvaluatedRow> {
    let network = Loaded::open(file, &Choice::default(), None, Device::Cpu)?.network;
    let request = EvaluationRequest { dataset, data_root, size, batch: 128, re_ranking: false };
    Ok(evaluate_network(&network, &request, &mut |_, _, _| Ok(()))?.rows.swap_remove(0))
}

/// A network of random weights on a drawn domain.
pub fn run() -> Result<EvaluatedRow> {
    let folder = tempfile::tempdir().map_err(Error::io("write", &std::env::temp_dir()))?;
    let profile = Profile::load("miniature")?;
    let place = (Kind::Float, Device::Cpu);
    let network = Network::new(&profile.backbone.spec(), 0, &mut stream(1, "example", 0, 0), place)?;
    let file = folder.path().join("network.safetensors");
    save_tensors(&file, &network.state(""))?;
    let dataset = DatasetName::Market1501;
    let root = prepare(dataset, &profile.domains.settings(1), folder.path(), &mut |_, _| Ok(()))?;
    evaluate(&file, dataset, &root, profile.image_size)
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let found = match arguments.as_slice() {
        [] => run()?,
        [file, dataset, root] => {
            let size = ImageSize { height: 256, width: 128 };
            evaluate(&PathBuf::from(file), dataset.parse()?, &PathBuf::from(root), size)?
        }
        _ => return Err(Error::Usage("FILE DATASET DATA_ROOT, or nothing".to_owned())),
    };
    let percent = |share: f64| 100.0 * share;
    println!(
        "mAP {:.1} % top-1 {:.1} % of {} queries",
        percent(found.map),
        percent(found.top1),
        found.queries
    );
    Ok(())
}
